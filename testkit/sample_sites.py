"""Ten different sites: real documentation from five packages, and five sites written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from testkit.packages import unpacked
from testkit.serving import Answer, folder, page

Answering = Callable[[str], Answer | None]

WORDS = "It says in a few plain sentences what a reader came to find out here, and nothing else."


@dataclass(frozen=True)
class TestSite:
    """A site: its kind, a function that serves it, and the path of its front page. The function may raise
    MissingPackageError.
    """

    __test__ = False

    name: str
    answering: Callable[[], Answering]
    start: str = "/"


def _package(package: str, version: str, member: str) -> Callable[[], Answering]:
    return lambda: folder(unpacked(package, version, (member,)) / member)


def _pages(pages: dict[str, str]) -> Callable[[], Answering]:
    def answer(path: str) -> Answer | None:
        return Answer(pages[path]) if path in pages else None

    return lambda: answer


def _anchors(*links: tuple[str, str]) -> str:
    return "".join(f'<li><a href="{path}">{label}</a></li>' for path, label in links)


def _blog() -> dict[str, str]:
    """A WordPress-like blog: pretty addresses, dates, tags, categories, a footer with notices."""
    bar = _anchors(
        ("/", "Home"), ("/about/", "About us"), ("/2024/05/first-post/", "Blog"), ("/contact/", "Contact")
    )
    foot = _anchors(
        ("/privacy-policy/", "Privacy"), ("/tag/bread/", "bread"), ("/category/baking/", "Baking")
    )
    frame = f"<nav><ul>{bar}</ul></nav>", f"<footer><ul>{foot}</ul></footer>"

    def one(title: str, body: str = "") -> str:
        named = f"{title} &#8211; Crumb &amp; Crust"
        return page(
            named, frame[0] + body + frame[1], '<meta property="og:site_name" content="Crumb &amp; Crust">'
        )

    posts = [(f"/2024/{5 + number % 3:02d}/post-{number}/", f"Loaf number {number}") for number in range(12)]
    pages = {path: one(title) for path, title in posts}
    return pages | {
        "/": one("Crumb &amp; Crust", f"<ul>{_anchors(*posts)}</ul>"),
        "/about/": one("About us"),
        "/contact/": one("Contact"),
        "/2024/05/first-post/": one("The first post"),
        "/privacy-policy/": one("Privacy policy"),
        "/tag/bread/": one("bread"),
        "/category/baking/": one("Baking"),
    }


def _handbook() -> dict[str, str]:
    """Documentation with a sidebar, breadcrumbs and meaningless folder names."""
    parts = {
        "Getting started": ["Install", "First steps"],
        "Guides": ["Deploy", "Scale", "Back up"],
        "API": ["Calls"],
    }
    tree = "".join(
        f'<p class="caption">{part}</p><ul>'
        + _anchors(*((f"/d/{name.lower().replace(' ', '')}", name) for name in names))
        + "</ul>"
        for part, names in parts.items()
    )
    side = f'<div class="sidebar"><ul><li><a href="/">Handbook</a></li></ul>{tree}</div>'
    pages = {"/": page("Handbook", side, '<meta name="description" content="How to run it.">')}
    for part, names in parts.items():
        for name in names:
            crumbs = (
                f'<nav aria-label="breadcrumb"><ol><li>Home</li><li>{part}</li><li>{name}</li></ol></nav>'
            )
            pages[f"/d/{name.lower().replace(' ', '')}"] = page(f"{name} | Handbook", side + crumbs)
    return pages


def _indexes() -> dict[str, str]:
    """Thirty pages that all have the title Index, as many generators write."""
    names = ["Users", "Orders", "Bills", "Carts", "Mails", "Teams"]
    paths = [f"/ref/{name.lower()}/v{version}/index.html" for name in names for version in range(1, 6)]
    pages = {
        path: page("Index").replace("<h1>Index</h1>", f"<h1>Index</h1><p>{path} {WORDS}</p>")
        for path in paths
    }
    return pages | {"/": page("Reference", f"<ul>{_anchors(*((path, path) for path in paths))}</ul>")}


def _shop() -> dict[str, str]:
    """A shop: products below categories, a cart, notices, addresses with queries and other scripts."""
    goods = [
        f"/shop/{kind}/{number}?size=m&amp;colour=ä" for kind in ("mugs", "plates") for number in range(5)
    ]
    pages = {
        good.replace("&amp;", "&").replace("ä", "%C3%A4"): page(
            f"Ware {number} (neu) [x]",
            WORDS,
            f'<meta name="description" content="Ware &amp;amp; Preis {number} &lt;b&gt;">',
        )
        for number, good in enumerate(goods)
    }
    links = [(good, "Ware") for good in goods]
    more = [("/agb", "AGB"), ("/impressum", "Impressum"), ("/cart", "Warenkorb"), ("/über-uns", "Über uns")]
    return pages | {
        "/": page("Töpferei Öl & Ton", f"<ul>{_anchors(*links, *more)}</ul>"),
        "/agb": page("AGB", WORDS),
        "/impressum": page("Impressum", WORDS),
        "/cart": page("Warenkorb", WORDS),
        "/%C3%BCber-uns": page("Über uns", WORDS),
    }


def _single() -> dict[str, str]:
    """A single page without links and description."""
    return {"/": "<title>Alone</title><h1>Alone</h1><pre>no words</pre><p>Short.</p>"}


SITES = [
    TestSite(
        "Sphinx",
        _package("debian:python-requests-doc", "2.28.1+dfsg-1", "usr/share/doc/python-requests-doc/html"),
    ),
    TestSite("MkDocs", _package("debian:mkdocs-doc", "1.4.2+dfsg-2", "usr/share/doc/mkdocs/html")),
    TestSite("mdBook", _package("debian:rust-doc", "1.63.0+dfsg1-2", "usr/share/doc/rust-doc/html/book")),
    TestSite(
        "Javadoc",
        _package("debian:libcommons-io-java-doc", "2.11.0-2", "usr/share/doc/libcommons-io-java/api"),
        "/index.html",
    ),
    TestSite(
        "man pages", _package("debian:git-doc", "1:2.39.5-0+deb12u3", "usr/share/doc/git-doc"), "/git.html"
    ),
    TestSite("blog", _pages(_blog())),
    TestSite("handbook", _pages(_handbook())),
    TestSite("all called Index", _pages(_indexes())),
    TestSite("shop", _pages(_shop())),
    TestSite("one page", _pages(_single())),
]
