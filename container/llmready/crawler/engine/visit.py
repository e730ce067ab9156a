"""Judge one response: decide the outcome of the page, and collect its links.

`visit` reads the response and returns an outcome. It does not change the frontier, the store or the reporter. The
scheduler applies the outcome.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmready.crawler.browser.need import needs_browser
from llmready.crawler.browser.signs import signs_of_growth
from llmready.crawler.deadline import in_time
from llmready.crawler.failures import Code, Failure
from llmready.crawler.fetch.response import all_values
from llmready.crawler.kinds import Kind, kind_of
from llmready.crawler.page.book_contents import is_book_contents
from llmready.crawler.page.html import HtmlPage, read_html, read_rendered
from llmready.crawler.page.media import Media, is_page_path, media_of, not_a_page
from llmready.crawler.page.meta_tags import header_rules
from llmready.crawler.page.text import TextPage, read_text_page
from llmready.crawler.urls import Url, continues, join

if TYPE_CHECKING:
    from llmready.crawler.browser.browser import Browser
    from llmready.crawler.convert.node_child import Converter
    from llmready.crawler.engine.candidate import Candidate
    from llmready.crawler.engine.scope import Scope
    from llmready.crawler.fetch.response import Response

LINK_PRIORITY = 0.5
TRANSLATION_PRIORITY = 0.1
"""Translations come after the pages in the language of the start page."""

_TEASER = re.compile(r"\n#{1,6} [^\n]{0,200}\]\(")
"""A heading that is a link: the beginning of a teaser."""

LONGEST_STUB = 4000
"""Bytes of a page up to which it may be only a redirect by script."""

MOST_WORDS_OF_STUB = 30
"""Words of a page up to which it may only refer its readers to another page."""

_MOST_REMOVED = 0.1
"""Part of a page's text that scripts may remove. If they remove more, the text of the HTML is stored."""

_LOCATION = re.compile(
    r"""<script[^<>]*>\s*(?:window\.|document\.|self\.|top\.)?location(?:\.href)?(?:\s*=\s*|\.(?:replace|assign)\(\s*)"""
    r"""["']([^"'\s]{1,500})["']"""
)
_MOVED = re.compile(
    r"(?i)\b(?:has|have|was|been|is) (?:permanently )?moved\b|\bmoved (?:permanently|here|to)\b"
    r"|new (?:address|location)|redirecting"
    r"|umgezogen|verschoben|neue adresse|weiterleitung|déplacée?|déménagé|nouvelle adresse|redirection"
    r"|se ha (?:mudado|movido|trasladado)|nueva dirección|redirigiendo|mudou-se|foi movid[ao]|novo endereço"
    r"|trasferit[oa]|spostat[oa]|nuovo indirizzo|verhuisd|verplaatst|przeniesion|flyttat|flyttet"
    r"|ta\u015f\u0131nd\u0131|переехал|перемещен|移転しました|移動しました|已(?:搬|转)移|已迁移|搬家|이전되었습니다|انتقل"
)
"""Texts of pages that only refer to the new address of their content."""

_NOT_FOUND = re.compile(r"(?i)\b404\b|not found|no longer exists|doesn.t exist")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Store:
    """The page belongs to the result. `ignores_canonical`: whether it names the front page as canonical."""

    content: HtmlPage | TextPage
    ignores_canonical: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """The page leads to another one, by its status, a meta refresh or its scripts."""

    url: Url


@dataclass(frozen=True, slots=True)
class Copy:
    """The page names another one as its canonical URL; `content` is stored if that page cannot be used."""

    original: Url
    content: HtmlPage


@dataclass(frozen=True, slots=True)
class Skip:
    """The page is neither part of the result nor a failure.

    The page is not part of the result. It is excluded by robots rules or patterns, continues a list, or is the menu
    of a frameset.
    """


@dataclass(frozen=True, slots=True)
class Frames:
    """The page only arranges other pages in frames.

    Those are pages of the result. The title of a start page names the site.
    """

    title: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The page cannot be read."""

    failure: Failure


Outcome = Store | Redirect | Copy | Skip | Frames | Fail


@dataclass(frozen=True, slots=True)
class DiscoveredLinks:
    """Targets of links on a page, and their priority from 0 to 1."""

    urls: list[Url]
    priority: float = LINK_PRIORITY


@dataclass(frozen=True, slots=True)
class Visit:
    """The result of a visit: the outcome, and the links, the feeds and the menus of the page.

    `menus` is None for text pages. For other pages, it contains the menus as the converter reports them, the URL of
    the page, and the base of its links. The last value says whether the menus certainly belong to the site.
    """

    outcome: Outcome
    links: list[DiscoveredLinks] = field(default_factory=list)
    feeds: list[Url] = field(default_factory=list)
    menus: tuple[str, Url, Url, bool] | None = None


async def visit(
    response: Response, candidate: Candidate, scope: Scope, converter: Converter, browser: Browser | None
) -> Visit:
    """Judge the response to the request for a page.

    An error of the crawler itself becomes a failure of this page.

    Args:
        response: Response to the request for the page.
        candidate: The page as the frontier knows it.
        scope: URLs of the crawl.
        converter: The converter, which was started.
        browser: Browser for pages that need one, or None.
    """
    try:
        return await _visit(response, candidate, scope, converter, browser)
    except Failure as failure:
        # The script with a book's contents is not a page, so it is not reported as missing.
        return Visit(Skip() if is_book_contents(candidate.url.path) else Fail(failure))
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - it is logged with its traceback, and must not end the crawl
        _log.exception("%s caused an error in the crawler", candidate.url)
        return Visit(Fail(internal_error()))


def internal_error() -> Failure:
    """Return the failure of a page that caused an error in the crawler."""
    return Failure(
        Code.INTERNAL_ERROR, "An internal error of the crawler occurred while it processed this page."
    )


async def _visit(
    response: Response, candidate: Candidate, scope: Scope, converter: Converter, browser: Browser | None
) -> Visit:
    if response.redirect is not None:
        return Visit(Redirect(response.redirect))
    # Static hosts answer the routes of a single-page application with 404 and the application.
    is_route = response.status == 404 and browser is not None and bool(response.body)
    if not is_route or media_of(response) is not Media.HTML:
        response.raise_for_status()
    media = media_of(response)
    if media in (Media.MARKDOWN, Media.TEXT):
        return in_time(lambda: _visit_text(response, candidate, scope), response.url)
    if media is not Media.HTML:
        raise not_a_page(response, media)
    content = await read_html(response, converter)
    metadata = content.metadata
    is_judged = bool(metadata.refresh or metadata.noindex or (metadata.reloads and response.cookies))
    lacks_text = not is_judged and _lacks_text(content, response, browser)
    if is_route and not lacks_text:
        response.raise_for_status()
    if browser is not None and lacks_text:
        return await _visit_rendered(response, candidate, scope, converter, browser)
    if not is_judged:
        content = await _grown(content, response, scope, converter, browser)
    return in_time(lambda: _visit_html(response, content, candidate, scope), response.url)


async def _visit_rendered(
    response: Response, candidate: Candidate, scope: Scope, converter: Converter, browser: Browser
) -> Visit:
    rendered = await browser.render(response, scope.robots)
    if rendered.leads_to is not None:
        return Visit(_script_redirect(rendered.leads_to, candidate, scope))
    content = await read_rendered(response, rendered.html, converter)
    if response.status == 404 and _NOT_FOUND.search(f"{content.metadata.title} {content.metadata.heading}"):
        response.raise_for_status()
    if rendered.address is not None and not scope.robots.allows(rendered.address):
        # Scripts changed the page's address to one that robots.txt forbids.
        return Visit(Skip())
    return in_time(lambda: _visit_html(response, content, candidate, scope), response.url)


def _lacks_text(content: HtmlPage, response: Response, browser: Browser | None) -> bool:
    return browser is not None and in_time(lambda: needs_browser(content.html), response.url)


async def _grown(
    content: HtmlPage, response: Response, scope: Scope, converter: Converter, browser: Browser | None
) -> HtmlPage:
    """Return a page with the text that its scripts add, or the page as it is if they add none."""
    if browser is None:
        return content
    signs = in_time(lambda: signs_of_growth(content.html), response.url)
    if not browser.tally.is_worth(signs):
        return content
    try:
        rendered = await browser.render(response, scope.robots)
        if (
            rendered.leads_to is not None
            or rendered.address is None
            or not scope.robots.allows(rendered.address)
        ):
            return content
        grown = await read_rendered(response, rendered.html, converter)
    except Failure as failure:
        if failure.code == Code.BUDGET_EXCEEDED:
            raise
        # The page has text. Only what its scripts would add is missing, and the notes of the crawl say so.
        browser.tally.static.append(str(response.url))
        return content
    added = len(grown.markdown) - len(content.markdown)
    browser.tally.learn(signs, added=added)
    return grown if added >= -_MOST_REMOVED * len(content.markdown) else content


def _visit_text(response: Response, candidate: Candidate, scope: Scope) -> Visit:
    content = read_text_page(response)
    noindex, nofollow = header_rules(all_values(response.headers, "X-Robots-Tag"))
    links = [] if nofollow else [DiscoveredLinks(content.links)]
    if noindex or not scope.wants(candidate.url):
        return Visit(Skip(), links)
    return Visit(Store(content), links)


def _visit_html(response: Response, content: HtmlPage, candidate: Candidate, scope: Scope) -> Visit:
    metadata, relations = content.metadata, content.relations
    if metadata.reloads and response.cookies and not candidate.has_reloaded:
        # The page sends its content to clients that send its cookie back.
        return Visit(Redirect(candidate.url))
    links = [DiscoveredLinks(metadata.links)]
    if not metadata.nofollow:
        links.append(DiscoveredLinks(relations.translations, TRANSLATION_PRIORITY))
    is_whole = candidate.depth == 0 or metadata.is_menu
    menus = (metadata.navigation, candidate.url, metadata.base, is_whole)
    return Visit(_html_outcome(content, candidate, scope), links, relations.feeds, menus)


def _html_outcome(content: HtmlPage, candidate: Candidate, scope: Scope) -> Outcome:
    metadata = content.metadata
    target = _stub_target(content)
    if target is not None and target.key != candidate.url.key:
        return Redirect(target)
    if metadata.noindex or not scope.wants(candidate.url) or is_book_contents(candidate.url.path):
        return Skip()
    if metadata.is_frameset:
        return Frames(metadata.title)
    is_stub = target is not None and len(content.markdown.split()) < MOST_WORDS_OF_STUB
    if candidate.depth and (is_stub or metadata.is_menu or _continues_list(content, candidate)):
        return Skip()
    canonical = metadata.canonical or content.relations.canonical
    original = _original(canonical, candidate, scope)
    if original is not None:
        return Copy(original, content)
    fronts = {"/", scope.start.key} - {candidate.url.key}
    return Store(content, canonical is not None and canonical.key in fronts and not candidate.url.query)


def _stub_target(content: HtmlPage) -> Url | None:
    """Return the URL to which a page only redirects its readers, or None.

    Such a page has hardly any text. It contains a slow meta refresh, a script, or a link below a notice that
    the page moved.
    """
    metadata = content.metadata
    if metadata.refresh is not None:
        return metadata.refresh
    if len(content.source) > LONGEST_STUB or len(content.markdown.split()) > MOST_WORDS_OF_STUB:
        return None
    if metadata.slow_refresh is not None:
        return metadata.slow_refresh
    script = _LOCATION.search(content.html)
    if script:
        return join(metadata.base, script[1])
    has_moved = _MOVED.search(f"{metadata.title} {content.markdown}") is not None
    return metadata.links[0] if has_moved and len(metadata.links) == 1 else None


def _continues_list(content: HtmlPage, candidate: Candidate) -> bool:
    """Return whether the page is the second or a later page of a list, which contains only links to other pages."""
    if kind_of(candidate.url) is not Kind.PAGINATION:
        return False
    is_listing = content.metadata.page_type in ("listing", "collection")
    return is_listing or len(_TEASER.findall(f"\n{content.markdown}")) > 1


def _script_redirect(target: Url, candidate: Candidate, scope: Scope) -> Outcome:
    if scope.own(target) is None:
        return Fail(Failure(Code.REDIRECTS_ELSEWHERE, f"{candidate.url} redirects to {target} by a script."))
    return Redirect(target)


def _original(canonical: Url | None, candidate: Candidate, scope: Scope) -> Url | None:
    """Return the page that this one names as canonical, or None if it must not be followed.

    Templates often name the front page, or the first page of a list, as the canonical URL of other pages by
    mistake. Following it would lose pages.
    """
    if canonical is None or candidate.stays:
        return None
    url = scope.own(canonical)
    if url is None or url.key in (candidate.url.key, "/", scope.start.key) or continues(candidate.url, url):
        return None
    may_replace = scope.robots.allows(url) and scope.wants(url) and is_page_path(url.path)
    return url if may_replace else None
