"""What surrounds the text of a page, told by the names that the web's page makers give it.

Names are the tokens of `class`, `id` and `role`. Each is judged once; a page is then searched only for
the few that it has, which is much cheaper than trying every known selector on every page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_ATTRIBUTE = re.compile(r"""\s(class|id|role)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")
_BROKEN_UP = re.compile(r"[-_]+|(?<=[a-z])(?=[A-Z])")
MOST_NAMES = 3000
"""Names of one page that are looked at."""

# Whole words of a name: `post-share-buttons` has the words post, share, buttons.
_ALWAYS_WORDS = frozenset((
    "cookie", "cookies", "consent", "gdpr", "ccpa", "onetrust", "breadcrumb", "breadcrumbs", "crumbs",
    "pagination", "pager", "addthis", "sharethis", "disqus", "newsletter", "skiplink", "skipnav",
    "searchbox", "searchform", "sharing", "advert", "advertisement", "adsbygoogle", "nav", "navigation",
    "navbar",
))  # fmt: skip
_ABOUT_THE_PAGE = frozenset(
    ["with", "has", "no", "is", "without", "show", "hide", "on", "off", "js", "layout", "wy"]
)
"""First words of names that say how a page is laid out, not what an element is."""

_ALWAYS = re.compile(
    r"""(?x)
    (?:(?:main|site|top|bottom|sub|side|page|post|left|right|mobile|global|primary|secondary|doc|docs
        |fixed|entry|posts)[-_]?)?(?:nav|navs|navbar|navbox|navigation|navlist|menubar)
    | nav[-_]?(?:bar|header|footer|path|links?|buttons?|list|menu|wrapper|container|content|flow
        |chapters|previous|next|item|wide-wrapper)
    | (?:main|site|top|mobile|drop?down|primary|hamburger|footer|user|page)[-_]?menu(?:[-_].*)?
    | menu[-_](?:wrapper|toggle) | prev(?:ious)?[-_]?next(?:[-_].*)? | rellinks | next-prev | toc
    | (?:page|local|side|article|table)[-_]?(?:of[-_]?contents|toc) | tableofcontents
    | toc[-_](?:wrapper|container|sidebar|list|desktop|mobile|nav) | on[-_]this[-_]page | md-nav
    | contents-list | quick-?(?:view|links)
    | (?:.*[-_])?(?:social|share|sharedaddy)(?:[-_](?:links|icons|buttons?|media|bar|list|share|box
        |post|this))?
    | share(?:-.*)? | jp-relatedposts
    | (?:related|recommended|more|similar|popular|recent)[-_]?(?:posts?|articles?|products?|stories
        |reading|content|news|links)(?:[-_].*)?
    | upsells? | up-sells | cross-sells | you-may-also-like | yarpp.* | read-next
    | (?:comments?|replies)(?:[-_](?:area|list|section|form|wrapper|respond))? | respond | commentlist
    | (?:ad|ads|adv|banner-ad|sponsor(?:ed|s)?|promo)(?:[-_](?:slot|unit|box|banner|container|wrapper
        |content|block))?
    | (?:announcement|alert|notification|cookie|newsletter|sign-?up|promo|site|version)[-_]?(?:bar
        |banner|box|popup)
    | newsletter.* | subscribe(?:[-_](?:box|form|widget))? | popup | modal | overlay | toast | lightbox
    | skip[-_]?(?:link|links|nav|to[-_].*|navigation) | sr-only | visually-?hidden
    | screen-reader(?:-text)? | show-for-sr
    | (?:edit|improve|source|report)[-_](?:this[-_])?(?:page|link|on-github|github|button)
    | theme-edit-this-page | page[-_]?(?:feedback|actions|tools|rating|edit)
    | feedback(?:[-_](?:form|widget|box))? | was-this-helpful | last[-_]?(?:updated|modified)
    | theme-last-updated
    | (?:version|language|lang|theme|locale)[-_]?(?:switcher|switch|selector|select|picker|toggle|menu
        |dropdown|nav)
    | (?:top|bottom)lang | switchers
    | search(?:[-_]?(?:box|bar|form|input|button|results?|container|wrapper|section|modal))? | md-search
    | copy[-_]?(?:btn|button|link) | btn-clipboard | clip-?board(?:-.*)? | (?:share|action)-?buttons
    | post-(?:tags|categories|meta-footer|footer) | tag-?(?:cloud|links) | cat-links | entry-footer
    | author-(?:box|bio) | wp-block-(?:search|latest-posts|categories|archives|tag-cloud)
    | header-?(?:link|anchor)s? | hash-link | permalink | anchor-?(?:link|js)?-? | anchorjs-link
    | heading-(?:anchor|link) | viewcode-(?:link|back) | src-?link | source-?link
    | line-?no(?:s|-block)? | linenodiv | line-numbers?(?:-rows|-wrapper)? | mw-editsection
    | footer-relations | (?:theme-doc-)?(?:sidebar|toc)-(?:container|menu|mobile|toggle)
    | theme-doc-breadcrumbs | theme-doc-footer | theme-doc-toc-(?:mobile|desktop)
    | table-of-contents__.* | (?:sphinx)?sidebar(?:-?wrapper)? | md-sidebar | (?:page|site)-?footer
    | md-footer.* | navfooter | md-header.* | md-tabs | package-header
    """
)
_OUTSIDE = re.compile(
    r"""(?x)
    (?:site|page|global|main|app|doc|md|page-)?[-_]?(?:head(?:er)?|footer|masthead|topbar|banner|foot
        |bottombar)(?:[-_]?(?:wrapper|container|inner|area|bar|top|bottom|text|content))?
    | .*[-_]?side-?(?:bar|nav|menu)[-_]?.* | widget(?:s|[-_].*)? | menu(?:[-_].*)? | .*-menu | copyright
    | legal | colophon | related | logo | branding | site-(?:title|branding|description|info) | drawer
    | aside | bottom-?nav | (?:left|right)-?(?:col|column|bar|rail|panel) | column2 | credits?
    | titlearea | footnav | powered-?by | (?:mini-?)?cart(?:[-_].*)? | login(?:[-_].*)?
    | account(?:[-_].*)?
    """
)
_CONTENT = re.compile(
    r"""(?x)
    (?:main|page|post|entry|article|doc|docs|document|body|inner|primary|site|blog|story|api
        |md)?[-_]?(?:content|contents)
    | (?:article|post|entry|story|page|doc|document)[-_]?(?:body|text|main) | markdown-body | markdown
    | md-content(?:__inner)? | theme-doc-markdown | vp-doc | rst-content | bodywrapper | body
    | documentwrapper | docs?[-_]?content | refentry | main | maincol | main-?(?:column|text|body|area)
    | column1 | prose | typography | textblock | section-content
    """
)
_ROLES_ALWAYS = frozenset(
    {"navigation", "contentinfo", "search", "menu", "menubar", "dialog", "alertdialog", "toolbar", "tablist"}
)


class Names:
    """The names that one page gives to its parts, judged.

    `always`, selectors of what is no text wherever it stands; `outside`, of what is none unless it lies
    within the main part; `content`, of what may be the main part.
    """

    __slots__ = ("always", "content", "outside")

    def __init__(self, html: str) -> None:
        found: set[tuple[str, str]] = set()
        for match in _ATTRIBUTE.finditer(html):
            found.add((match[1], match[2] or match[3] or match[4] or ""))
        self.always: list[str] = []
        self.outside: list[str] = []
        self.content: list[str] = []
        for kind, token in _tokens(found):
            judged = _judged(kind, token)
            if judged:
                getattr(self, judged[0]).append(judged[1])


def _tokens(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    tokens = {(kind.lower(), token) for kind, value in found for token in value.split()}
    return sorted(tokens)[:MOST_NAMES]


@lru_cache(maxsize=16384)
def _judged(kind: str, token: str) -> tuple[str, str] | None:
    """Return what a name says about an element, and the selector for it."""
    if not _PLAIN.fullmatch(token):
        return None
    if kind == "role":
        if token.lower() in _ROLES_ALWAYS:
            return "always", f"[role={token} i]"
        return ("outside", "[role=banner i]") if token.lower() == "banner" else None
    selector = f".{token}" if kind == "class" else f"#{token}"
    words = {word.lower() for word in _BROKEN_UP.split(token)}
    name = token.lower()
    if (words & _ALWAYS_WORDS and not words & _ABOUT_THE_PAGE) or _ALWAYS.fullmatch(name):
        return "always", selector
    if _CONTENT.fullmatch(name):
        return "content", selector
    return ("outside", selector) if _OUTSIDE.fullmatch(name) else None
