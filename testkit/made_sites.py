"""Ten generated sites of common kinds, with the results that their owners expect."""

# ruff: noqa: E501, RUF001 - markup as generators write it, in several scripts

from __future__ import annotations

from collections.abc import Callable, Mapping

from testkit.owned_site import Answering, OwnedSite
from testkit.serving import Answer

TEXT = "It tells in a few plain sentences what this part is for and how it is used."


def _page(
    title: str, around: str = "", body: str = "", head: str = "", *, lang: str = "en", text: str = ""
) -> str:
    main = f"<main><h1>{title.partition(' | ')[0]}</h1><p>{text or f'{title}: {TEXT}'}</p>{body}</main>"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body>{around}{main}</body></html>"
    )


def _links(*links: tuple[str, str]) -> str:
    return "".join(f'<li><a href="{path}">{label}</a></li>' for path, label in links)


def _answers(pages: Mapping[str, str | Answer]) -> Callable[[], Answering]:
    def answer(path: str) -> Answer | None:
        found = pages.get(path)
        return Answer(found) if isinstance(found, str) else found

    return lambda: answer


def _sidebar(parts: Mapping[str, tuple[tuple[str, str], ...]]) -> str:
    groups = "".join(
        f'<section class="group"><h2 class="text">{part}</h2><ul>{_links(*links)}</ul></section>'
        for part, links in parts.items()
    )
    return f'<aside class="VPSidebar"><nav id="VPSidebarNav">{groups}</nav></aside>'


def _documented(
    name: str, parts: Mapping[str, tuple[tuple[str, str], ...]], front: str, *, lang: str, texts: str = ""
) -> dict[str, str]:
    """Documentation whose landing page has no sidebar."""
    first = next(iter(parts.values()))[0][0]
    pages = {"/": _page(f"{name} | {front}", "", f'<a href="{first}">→</a>', lang=lang, text=f"{front}.")}
    for links in parts.values():
        for path, label in links:
            pages[path] = _page(
                f"{label} | {name}", _sidebar(parts), lang=lang, text=f"{label}{texts}" if texts else ""
            )
    return pages


GENERATOR = {
    "Begin": (("/docs/wood", "Choose the wood"), ("/docs/legs", "Cut the legs")),
    "Tools": (("/docs/saws", "Saws"), ("/docs/planes", "Planes")),
    "All parts": (("/docs/vice", "The vice"), ("/docs/angle", "Angles")),
}
CHINESE = {
    "快速开始": (("/g/z", "安装水车"), ("/g/b", "第一袋面粉")),
    "进阶": (("/g/y", "磨石的保养"), ("/g/c", "冬天的注意事项")),
}
ARABIC = {
    "البداية": (("/d/z", "تركيب الطاحونة"), ("/d/b", "الكيس الأول")),
    "العناية": (("/d/y", "تزييت العجلة"), ("/d/c", "نحت الحجر")),
}


def _blog() -> dict[str, str]:
    head = '<meta property="og:site_name" content="Pebble Notes"><meta name="description" content="Just another WordPress site">'
    bar = f"<header><nav><ul>{_links(('/', 'Home'), ('/notes/', 'Notes'), ('/about/', 'About'))}</ul></nav></header>"
    posts = {
        f"/notes/{name}/": (f"{title}", f"2024-0{month}-05")
        for month, (name, title) in enumerate(
            (("zinc", "Zinc cans"), ("leeks", "Leeks"), ("spade", "A spade")), 1
        )
    }
    teasers = "".join(
        f'<article><h2><a href="{path}">{title}</a></h2><p>{title} of the year: {TEXT}</p></article>'
        for path, (title, _) in posts.items()
    )
    pages = {
        path: _page(
            f"{title} | Pebble Notes",
            bar,
            "<p>5 min read</p>",
            f'{head}<meta property="article:published_time" content="{date}">',
            text=f"{title} of the year: {TEXT}",
        )
        for path, (title, date) in posts.items()
    }
    tagline = '<p class="site-description">Notes of a gardener on soil and tools</p>'
    return pages | {
        "/": _page("Home | Pebble Notes", bar + tagline, teasers, head, text="Welcome."),
        "/notes/": _page("Notes | Pebble Notes", bar, teasers, head, text="All notes."),
        "/about/": _page("About | Pebble Notes", bar, "", head),
        "/tag/soil/": _page("soil | Pebble Notes", bar, teasers, head),
        "/privacy-policy/": _page("Privacy | Pebble Notes", bar, "", head),
    }


def _shop() -> dict[str, str]:
    same = '<meta name="description" content="The best shop for millers, with free returns.">'
    bar = (
        f"<nav><ul><li>Flour<ul>{_links(('/shop/flour/rye/', 'Rye'), ('/shop/flour/wheat/', 'Wheat'))}</ul></li>"
        f"<li>Stones<ul>{_links(('/shop/stones/small/', 'Small'), ('/shop/stones/large/', 'Large'))}</ul></li></ul></nav>"
    )
    goods = {"rye": "Rye flour", "wheat": "Wheat flour", "small": "Small stone", "large": "Large stone"}
    pages = {
        f"/shop/{'flour' if 'flour' in name else 'stones'}/{key}/": _page(
            f"{name} – Grain & Co",
            bar,
            '<div class="reviews"><p>“Arrived quickly, I am very happy with everything.”</p></div>',
            f'{same}<script type="application/ld+json">{{"@type": "Product", "name": "{name}", "offers": {{"price": "4.00", "priceCurrency": "EUR"}}}}</script>',
            text=f"{name} of our own mill, ground in March. 4.00 €",
        )
        for key, name in goods.items()
    }
    return pages | {
        "/": _page(
            "Home – Grain & Co",
            bar,
            "<h2>Ready to bake better bread?</h2>",
            same,
            text="We send flour of our own mill.",
        ),
        "/cart/": _page("Cart – Grain & Co", bar, "", same),
    }


def _company() -> dict[str, str]:
    bar = (
        "<header><a href='/'><img src='/l.svg' alt='Moulin du Pré logo'></a><nav><ul>"
        f"<li>Services<ul>{_links(('/s/meules', 'Meules'), ('/s/roues', 'Roues'))}</ul></li>"
        f"<li>Entreprise<ul>{_links(('/e/histoire', 'Histoire'), ('/e/equipe', 'Équipe'))}</ul></li></ul></nav></header>"
    )
    cards = '<h2>Demandez votre devis gratuit dès aujourd’hui !</h2><a href="/s/meules">→</a>'
    text = "Nous vous disons ici ce que nous faisons pour vous et avec qui, en quelques mots."
    names = {"/s/meules": "Meules", "/s/roues": "Roues", "/e/histoire": "Histoire", "/e/equipe": "Équipe"}
    pages = {
        path: _page(f"{name} | Moulin du Pré", bar, lang="fr", text=f"{name} : {text}")
        for path, name in names.items()
    }
    english = {"/en/": "Mill", "/en/stones": "Stones"}
    pages |= {
        path: _page(f"{name} | Moulin du Pré", "", lang="en", text=f"{name}: here we say what we do for you.")
        for path, name in english.items()
    }
    more = '<a href="/en/">en</a> <a href="/en/stones">s</a> <a href="/mentions-legales">m</a>'
    return pages | {
        "/": _page(
            "Accueil | Moulin du Pré", bar, cards + more, lang="fr", text="Un moulin qui travaille pour vous."
        ),
        "/mentions-legales": _page(
            "Mentions légales | Moulin du Pré", bar, lang="fr", text=f"Mentions : {text}"
        ),
    }


def _group() -> dict[str, str]:
    """A university group: one title for all pages, a table for the layout, a menu in its first column."""
    menu = _links(
        ("people.html", "People"),
        ("papers.html", "Papers"),
        ("teaching.html", "Teaching"),
        ("contact.html", "Contact"),
    )

    def one(heading: str) -> str:
        return (
            '<html><head><meta charset="utf-8"><title>Hydraulics Group, University of the Valley</title></head><body>'
            f'<table><tr><td class="menu"><ul>{menu}</ul></td><td><h1>{heading}</h1><p>{heading}: {TEXT}</p></td></tr></table></body></html>'
        )

    headings = {
        "people": "Members of the group",
        "papers": "Publications",
        "teaching": "Courses",
        "contact": "Where we are",
    }
    return {"/": one("Hydraulics Group"), **{f"/{name}.html": one(text) for name, text in headings.items()}}


def _frameset() -> dict[str, str | Answer]:
    def one(title: str, body: str) -> str:
        return f"<html><head><title>{title}</title></head><body>{body}</body></html>"

    menu = "".join(
        f'<a href="{name}.htm" target="main">{name.title()}</a><br>'
        for name in ("history", "dates", "members")
    )
    return {
        "/": "<html><head><title>Mill friends of the valley</title></head><frameset cols='20%,*'>"
        "<frame src='top.htm'><frame src='left.htm'><frame src='main.htm' name='main'></frameset></html>",
        "/top.htm": one("Untitled 1", '<img src="logo.gif" alt="Mill friends of the valley">'),
        "/left.htm": one("New Page 1", menu),
        "/main.htm": one("New Page 2", f"<p>We meet each month at the old mill in the valley. {TEXT}</p>"),
        "/history.htm": one("New Page 3", f"<h1>History</h1><p>The mill was built in 1790. {TEXT}</p>"),
        "/dates.htm": one("Untitled 4", f"<h1>Dates</h1><p>The next meeting is in May. {TEXT}</p>"),
        "/members.htm": one("Untitled 5", f"<h1>Members</h1><p>We are twenty people. {TEXT}</p>"),
    }


def _book() -> dict[str, str | Answer]:
    """A book of mdBook that publishes its table of contents only in a script."""
    parts = {
        "A tour": (("z.html", "Why two stones"), ("a.html", "Water")),
        "The work": (("g.html", "Grain"), ("b.html", "Bags")),
    }
    listed = "".join(
        f'<li class="part-title">{part}</li>'
        + "".join(
            f'<li class="chapter-item"><a href="{path}"><strong>1.</strong> {label}</a></li>'
            for path, label in links
        )
        for part, links in parts.items()
    )
    frame = '<nav id="sidebar" class="sidebar"></nav><script src="toc-0a1b2c3d.js"></script>'
    pages: dict[str, str | Answer] = {
        f"/{path}": _page(f"{label} - The Mill Book", frame)
        for links in parts.values()
        for path, label in links
    }
    script = (
        f"class C extends HTMLElement {{ connectedCallback() {{ this.innerHTML = '<ol>{listed}</ol>'; }} }}"
    )
    pages["/toc-0a1b2c3d.js"] = Answer(script, headers={"Content-Type": "text/javascript"})
    return pages | {"/": pages["/z.html"]}


def _handbook() -> dict[str, str]:
    """Documentation whose sidebar shows only the part that the page belongs to, with breadcrumbs."""
    parts = {
        "Installation": (("/hb/1.html", "Requirements"), ("/hb/0.html", "First steps")),
        "Guides": (
            ("/hb/9.html", "Deploy"),
            ("/hb/7.html", "A label of the navigation that is longer than sixty characters in all"),
        ),
    }
    top = "".join(f'<li><a href="{links[0][0]}">{part}</a></li>' for part, links in parts.items())
    pages = {"/": _page("Handbook", f"<nav><ul>{top}</ul></nav>", text="The handbook of the mill.")}
    for part, links in parts.items():
        crumbs = f'<nav aria-label="breadcrumb"><ol><li>Home</li><li>{part}</li></ol></nav>'
        side = f'<nav class="sidebar"><h3>{part}</h3><ul>{_links(*links)}</ul></nav>'
        pages |= {
            path: _page(f"{label} | Handbook", f"<nav><ul>{top}</ul></nav>{crumbs}{side}")
            for path, label in links
        }
    return pages


def _paths(parts: Mapping[str, tuple[tuple[str, str], ...]]) -> dict[str, tuple[str, ...]]:
    return {part: tuple(path for path, _ in links) for part, links in parts.items()}


MADE = (
    OwnedSite(
        "documentation with a landing page",
        _answers(_documented("Workbench", GENERATOR, "Build your own bench", lang="en")),
        "Workbench",
        _paths(GENERATOR),
    ),
    OwnedSite(
        "Chinese documentation",
        _answers(
            _documented(
                "水车手册",
                CHINESE,
                "面向磨坊主的水车文档",
                lang="zh-CN",
                texts="：这一页用几句话说明它的用途和使用方法。",
            )
        ),
        "水车手册",
        _paths(CHINESE),
    ),
    OwnedSite(
        "Arabic documentation",
        _answers(
            _documented(
                "دليل الطاحونة",
                ARABIC,
                "وثائق الطاحونة للجميع",
                lang="ar",
                texts=": تشرح هذه الصفحة الغرض وطريقة الاستخدام ببساطة.",
            )
        ),
        "دليل الطاحونة",
        _paths(ARABIC),
    ),
    OwnedSite(
        "blog",
        _answers(_blog()),
        "Pebble Notes",
        {"Notes": ("/notes/", "/notes/spade/", "/notes/leeks/", "/notes/zinc/")},
    ),
    OwnedSite(
        "shop",
        _answers(_shop()),
        "Grain & Co",
        {
            "Flour": ("/shop/flour/rye/", "/shop/flour/wheat/"),
            "Stones": ("/shop/stones/small/", "/shop/stones/large/"),
        },
    ),
    OwnedSite(
        "French company with a translation",
        _answers(_company()),
        "Moulin du Pré",
        {
            "Services": ("/s/meules", "/s/roues"),
            "Entreprise": ("/e/histoire", "/e/equipe"),
            "English": ("/en/", "/en/stones"),
        },
    ),
    OwnedSite("university group", _answers(_group()), "Hydraulics Group, University of the Valley"),
    OwnedSite(
        "frameset",
        _answers(_frameset()),
        "Mill friends of the valley",
        {"Overview": ("/main.htm", "/history.htm", "/dates.htm", "/members.htm")},
    ),
    OwnedSite(
        "book with its contents in a script",
        _answers(_book()),
        "The Mill Book",
        {"A tour": ("/", "/a.html"), "The work": ("/g.html", "/b.html")},
    ),
    OwnedSite(
        "handbook whose sidebar shows one part",
        _answers(_handbook()),
        "Handbook",
        {"Installation": ("/hb/1.html", "/hb/0.html"), "Guides": ("/hb/9.html", "/hb/7.html")},
    ),
)
