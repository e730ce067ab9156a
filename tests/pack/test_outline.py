"""The outline of llms.txt for small sites in the style of different generators: sections and their order."""

# ruff: noqa: E501 - markup as generators write it

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from llms_txt import parse_llms_file

from testkit.crawler_program import Run, call
from testkit.serving import serving

TEXT = "It tells in two or three plain sentences how this part of the workshop is used every day."


def made(title: str, around: str = "", body: str = "", head: str = "") -> str:
    """Return a page with something around its main part."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>{around}'
        f"<main><h1>{title}</h1><p>{title}: {TEXT}</p>{body}</main></body></html>"
    )


def crawled(pages: Mapping[str, str], folder: Path, *arguments: str) -> Run:
    with serving(pages) as site:
        return call(site.url, folder, *arguments).completed()


def outline(pages: Mapping[str, str], folder: Path) -> dict[str, list[str]]:
    sections = parse_llms_file(crawled(pages, folder).llms).sections
    return {title: [link.title for link in links] for title, links in sections.items()}


PARTS = {
    "Bench": [
        ("/docs/wood", "Choose the wood"),
        ("/docs/legs", "Cut the legs"),
        ("/docs/vice", "Fit a vice"),
    ],
    "Tools": [("/docs/saws", "Saws"), ("/docs/planes", "Planes")],
    "Appendix": [("/docs/woods", "List of woods"), ("/docs/angles", "Angles")],
}


def _docusaurus(open_part: str) -> str:
    """Category buttons; only the category of the current page is expanded."""
    items = "".join(
        f'<li class="menu__list-item"><div class="menu__list-item-collapsible"><a class="menu__link menu__link--sublist"'
        f' role="button" href="{links[0][0]}">{part}</a></div>'
        + (
            '<ul class="menu__list">'
            + "".join(
                f'<li class="menu__list-item"><a class="menu__link" href="{path}">{label}</a></li>'
                for path, label in links
            )
            + "</ul>"
            if part == open_part
            else ""
        )
        + "</li>"
        for part, links in PARTS.items()
    )
    return f'<aside class="theme-doc-sidebar-container"><nav aria-label="Docs sidebar" class="menu"><ul class="menu__list">{items}</ul></nav></aside>'


def _vitepress(_part: str) -> str:
    groups = "".join(
        f'<div class="group"><section class="VPSidebarItem level-0"><div class="item"><h2 class="text">{part}</h2></div><div class="items">'
        + "".join(
            f'<div class="VPSidebarItem level-1 is-link"><div class="item"><div class="indicator"></div>'
            f'<a class="VPLink link" href="{path}"><p class="text">{label}</p></a></div></div>'
            for path, label in links
        )
        + "</div></section></div>"
        for part, links in PARTS.items()
    )
    return f'<aside class="VPSidebar"><nav class="nav" id="VPSidebarNav"><span>Sidebar Navigation</span>{groups}</nav></aside>'


def _nextra(_part: str) -> str:
    items = "".join(
        f'<li class="open"><button>{part}<svg></svg></button><div><ul>'
        + "".join(f'<li><a href="{path}">{label}</a></li>' for path, label in links)
        + "</ul></div></li>"
        for part, links in PARTS.items()
    )
    return f'<aside class="nextra-sidebar"><div><ul>{items}</ul></div></aside>'


def _starlight(_part: str) -> str:
    items = "".join(
        f'<li><details open><summary><div class="group-label"><span class="large">{part}</span></div></summary><ul>'
        + "".join(f'<li><a href="{path}"><span>{label}</span></a></li>' for path, label in links)
        + "</ul></details></li>"
        for part, links in PARTS.items()
    )
    return f'<nav class="sidebar" aria-label="Main"><div class="sidebar-content"><ul class="top-level">{items}</ul></div></nav>'


def _gitbook(_part: str) -> str:
    items = "".join(
        f'<li><div class="group-title">{part}</div><ul>'
        + "".join(f'<li><a href="{path}">{label}</a></li>' for path, label in links)
        + "</ul></li>"
        for part, links in PARTS.items()
    )
    return f'<aside data-testid="table-of-contents"><ul>{items}</ul></aside>'


def _jupyter_book(_part: str) -> str:
    items = "".join(
        f'<p aria-level="2" class="caption" role="heading"><span class="caption-text">{part}</span></p><ul class="nav bd-sidenav">'
        + "".join(
            f'<li class="toctree-l1"><a class="reference internal" href="{path}">{label}</a></li>'
            for path, label in links
        )
        + "</ul>"
        for part, links in PARTS.items()
    )
    return f'<div class="bd-sidebar-primary bd-sidebar"><nav class="bd-links" aria-label="Main"><div class="bd-toc-item">{items}</div></nav></div>'


def _captions(before: str, after: str) -> str:
    """Return sections as Sphinx's toctree writes them."""
    items = "".join(
        f'<p class="caption" role="heading"><span class="caption-text">{part}</span></p><ul>'
        + "".join(
            f'<li class="toctree-l1"><a class="reference internal" href="{path}">{label}</a></li>'
            for path, label in links
        )
        + "</ul>"
        for part, links in PARTS.items()
    )
    return f"{before}{items}{after}"


def _sphinx_rtd(_part: str) -> str:
    return _captions(
        '<nav data-toggle="wy-nav-shift" class="wy-nav-side"><div class="wy-side-scroll"><div class="wy-side-nav-search"><a href="/" class="icon icon-home">Workshop</a>'
        '</div><div class="wy-menu wy-menu-vertical" role="navigation" aria-label="Navigation menu">',
        "</div></div></nav>",
    )


def _sphinx_alabaster(_part: str) -> str:
    return _captions(
        '<div class="sphinxsidebar" role="navigation" aria-label="Main"><div class="sphinxsidebarwrapper"><h1 class="logo"><a href="/">Workshop</a></h1><h3>Navigation</h3>',
        '<div class="relations"><h3>Related Topics</h3><ul><li><a href="/">Documentation overview</a><ul><li>Previous: <a href="/docs/saws">Saws</a></li></ul></li></ul></div></div></div>',
    )


def _sphinx_furo(_part: str) -> str:
    return _captions(
        '<aside class="sidebar-drawer"><div class="sidebar-container"><div class="sidebar-sticky"><a class="sidebar-brand" href="/"><span class="sidebar-brand-text">Workshop</span></a>'
        '<div class="sidebar-scroll"><div class="sidebar-tree">',
        "</div></div></div></div></aside>",
    )


def _antora(_part: str) -> str:
    items = "".join(
        f'<li class="nav-item" data-depth="1"><button class="nav-item-toggle"></button><span class="nav-text">{part}</span><ul class="nav-list">'
        + "".join(
            f'<li class="nav-item" data-depth="2"><a class="nav-link" href="{path}">{label}</a></li>'
            for path, label in links
        )
        + "</ul></li>"
        for part, links in PARTS.items()
    )
    return (
        '<div class="nav-container" data-component="workshop"><aside class="nav"><div class="panels"><div class="nav-panel-menu is-active" data-panel="menu"><nav class="nav-menu">'
        f'<h3 class="title"><a href="/">Workshop</a></h3><ul class="nav-list"><li class="nav-item" data-depth="0"><ul class="nav-list">{items}</ul></li></ul></nav></div>'
        '<div class="nav-panel-explore" data-panel="explore"><div class="context"><span class="title">Workshop</span><span class="version">2.0</span></div>'
        '<ul class="components"><li class="component is-current"><a class="title" href="/">Workshop</a></li></ul></div></div></aside></div>'
    )


def _docsy(open_part: str) -> str:
    """Sections are pages as well; only the section of the current page is expanded."""
    items = "".join(
        f'<li class="td-sidebar-nav__section-title td-sidebar-nav__section with-child"><a href="{links[0][0]}" class="align-left ps-0 td-sidebar-link td-sidebar-link__section">'
        f"<span>{part}</span></a>"
        + (
            '<ul class="ul-2">'
            + "".join(
                f'<li class="td-sidebar-nav__section-title td-sidebar-nav__section without-child"><a class="align-left ps-0 td-sidebar-link td-sidebar-link__page" href="{path}"><span>{label}</span></a></li>'
                for path, label in links
            )
            + "</ul>"
            if part == open_part
            else ""
        )
        + "</li>"
        for part, links in PARTS.items()
    )
    return (
        '<aside class="col-12 col-md-3 td-sidebar d-print-none"><div id="td-sidebar-menu" class="td-sidebar__inner"><nav class="td-sidebar-nav collapse" id="td-section-nav">'
        f'<ul class="td-sidebar-nav__section pe-md-3 ul-0"><li class="td-sidebar-nav__section-title td-sidebar-nav__section with-child active-path"><a href="/" class="td-sidebar-link tree-root"><span>Documentation</span></a><ul class="ul-1">{items}</ul></li></ul></nav></div></aside>'
        '<aside class="d-none d-xl-block col-xl-2 td-sidebar-toc"><div class="td-page-meta"><a href="/edit" class="td-page-meta__edit">Edit this page</a></div></aside>'
    )


def _mkdocs_material(_part: str) -> str:
    items = "".join(
        f'<li class="md-nav__item md-nav__item--nested"><input class="md-nav__toggle md-toggle" type="checkbox" id="n{place}"><label class="md-nav__link" for="n{place}" id="n{place}_label">'
        f'<span class="md-ellipsis">{part}</span><span class="md-nav__icon md-icon"></span></label><nav class="md-nav" data-md-level="1" aria-labelledby="n{place}_label">'
        f'<label class="md-nav__title" for="n{place}"><span class="md-nav__icon md-icon"></span>{part}</label><ul class="md-nav__list">'
        + "".join(
            f'<li class="md-nav__item"><a href="{path}" class="md-nav__link"><span class="md-ellipsis">{label}</span></a></li>'
            for path, label in links
        )
        + "</ul></nav></li>"
        for place, (part, links) in enumerate(PARTS.items())
    )
    return (
        '<div class="md-sidebar md-sidebar--primary" data-md-type="navigation"><div class="md-sidebar__scrollwrap"><div class="md-sidebar__inner"><nav class="md-nav md-nav--primary" aria-label="Navigation" data-md-level="0">'
        f'<label class="md-nav__title" for="__drawer"><a href="/" title="Workshop" class="md-nav__button md-logo"></a>Workshop</label><ul class="md-nav__list">{items}</ul></nav></div></div></div>'
        '<div class="md-sidebar md-sidebar--secondary" data-md-type="toc"><nav class="md-nav md-nav--secondary" aria-label="Table of contents"><ul><li><a href="#a">On this page</a></li></ul></nav></div>'
    )


def _redocly(_part: str) -> str:
    """Redoc's menu within a portal of several pages: parts are labels in a list of role menu."""
    items = "".join(
        f'<li role="none"><div role="button" class="menu-item-label" tabindex="0"><span title="{part}">{part}</span><svg></svg></div><ul role="menu">'
        + "".join(
            f'<li role="none"><a role="menuitem" href="{path}"><span>{label}</span></a></li>'
            for path, label in links
        )
        + "</ul></li>"
        for part, links in PARTS.items()
    )
    return f'<div class="menu-content"><div role="search"><input></div><div role="navigation" class="scrollbar-container"><ul role="menu">{items}</ul></div></div>'


SIDEBARS = (
    *(_docusaurus, _vitepress, _nextra, _starlight, _gitbook, _jupyter_book, _sphinx_rtd, _sphinx_alabaster),
    *(_sphinx_furo, _antora, _docsy, _mkdocs_material, _redocly),
)


@pytest.mark.parametrize("sidebar", SIDEBARS)
def test_sections_come_from_the_sidebars_of_inner_pages(sidebar: object, tmp_path: Path) -> None:
    assert callable(sidebar)
    bar = '<header><nav aria-label="Bar"><a href="/">Workbench</a> <a href="/docs/wood">Docs</a> <a href="/news/">News</a></nav></header>'
    pages = {
        "/": made("Workbench", bar, '<h2>Build it this weekend</h2><a href="/docs/wood">Start now</a>'),
        "/news/": made("News", bar),
    }
    for part, links in PARTS.items():
        pages |= {path: made(f"{label} | Workbench", bar + sidebar(part)) for path, label in links}
    found = outline(pages, tmp_path)
    assert list(found) == ["Overview", *PARTS]
    assert {part: found[part] for part in PARTS} == {
        part: [label for _, label in links] for part, links in PARTS.items()
    }


@pytest.mark.parametrize("script", ["", "toc.js", "toc-0a1b2c3d.js"])
def test_sections_of_a_book_come_from_its_table_of_contents(script: str, tmp_path: Path) -> None:
    frame = f'<nav class="sidebar"><noscript><iframe class="outer" src="toc.html"></iframe></noscript></nav><script src="{script}"></script>'
    chapters = {
        "/start.html": "Before the first cut",
        "/zinc.html": "Sheets of zinc",
        "/brass.html": "Tubes of brass",
        "/acids.html": "Acids",
    }
    entries = [
        f'<li class="chapter-item"><a href="{path[1:]}" target="_parent"><strong>{number}.</strong> {label}</a></li>'
        for number, (path, label) in enumerate(chapters.items(), 1)
    ]
    toc = (
        '<html><head><title>t</title><meta name="robots" content="noindex"></head><body><ol class="chapter">'
        f'<li class="chapter-item affix"><li class="part-title">Metals</li>{"".join(entries[:3])}'
        f'<li class="part-title">Surfaces</li>{entries[3]}<li class="chapter-item"><a href="wax.html" target="_parent">Wax</a></li></ol></body></html>'
    )
    pages = {path: made(f"{label} - The Plate Book", frame) for path, label in chapters.items()}
    pages |= {"/": pages["/start.html"], "/toc.html": toc, "/wax.html": made("Wax - The Plate Book", frame)}
    if script:
        # Without toc.html, the string in the script is read; the script is not run.
        written = toc.partition("<body>")[2].partition("</body>")[0].replace(' target="_parent"', "")
        pages[f"/{script}"] = (
            "// Populate the sidebar: it's not in each page.\nclass Contents extends HTMLElement {\n  connectedCallback() {\n"
            f"    this.innerHTML = '{written}';\n    let path = window.location.href.split(\"#\")[0];\n  }}\n}}\n"
        )
        del pages["/toc.html"]
    assert outline(pages, tmp_path) == {
        "Metals": ["Before the first cut", "Sheets of zinc", "Tubes of brass"],
        "Surfaces": ["Acids", "Wax"],
    }


def test_a_long_label_keeps_its_page_in_its_part_and_place(tmp_path: Path) -> None:
    long = (
        "Hinges, locks, keys and everything else that is small, made of metal and easily lost in the shavings"
    )
    names = {"Boxes": ["Sides", long, "Lids"], "Chairs": ["Seats", "Armrests"]}
    bar = '<aside class="sidebar">' + "".join(
        f"<p class=caption>{part}</p><ul>"
        + "".join(f'<li><a href="/{len(name)}{part}">{name}</a></li>' for name in members)
        + "</ul>"
        for part, members in names.items()
    )
    pages = {f"/{len(name)}{part}": made(name) for part, members in names.items() for name in members}
    assert outline(pages | {"/": made("Joinery", f"{bar}</aside>")}, tmp_path) == {
        "Overview": ["Joinery"],
        **names,
    }


def test_no_section_is_named_after_a_teaser_a_slogan_or_a_widget(tmp_path: Path) -> None:
    posts = {f"/z/note-{number}": f"Note on glue number {number}" for number in range(4)}
    teasers = "".join(
        f'<article><a href="{path}"><img src="/i.png" alt="Pot"></a><h2><a href="{path}">{title}</a></h2><p>Of the pot.</p></article>'
        for path, title in posts.items()
    )
    widget = "<aside><h3>Recent posts</h3><ul>" + "".join(
        f'<li><a href="{path}">{title}</a></li>' for path, title in posts.items()
    )
    pages = {path: made(title, f"{widget}</ul></aside>") for path, title in posts.items()}
    goods = "".join(f'<a href="/goods/pot-{number}">Pot {number}</a> ' for number in range(3))
    pages |= {f"/goods/pot-{number}": made(f"Pot {number}") for number in range(3)}
    pages["/"] = made("Glue", body=f"{teasers}<h2>Try our best pots today!</h2>{goods}")
    found = outline(pages, tmp_path)
    assert "Goods" in found
    assert {*posts.values(), "Recent posts", "Try our best pots today!"}.isdisjoint(found)


def test_frames_are_the_pages_of_a_frameset(tmp_path: Path) -> None:
    pages = {
        "/": '<html><head><title>Ferry club of the lake</title></head><frameset cols="20%,*"><frame src="bar.htm"><frame src="news.htm" name="body"></frameset></html>',
        "/bar.htm": '<title>bar</title><p><a href="news.htm" target="body">News</a> <a href="boats.htm" target="body">Boats</a></p>',
        "/news.htm": "<title>News of the ferry</title><p>The ferry sails on every day of the summer, twice.</p>",
        "/boats.htm": "<title>Boats</title><p>The three boats of the club are all of oak, and old.</p>",
    }
    done = crawled(pages, tmp_path)
    assert done.manifest["site_name"] == "Ferry club of the lake"
    assert done.manifest["failures"] == []
    assert [page["title"] for page in done.manifest["pages"]] == ["Boats", "News of the ferry"]
    assert done.llms.index("News of the ferry](") < done.llms.index("Boats](")


def _post(number: int, *, topic: str = "", year: int = 2024) -> str:
    date = f"{year}-{number % 12 + 1:02d}-{number % 27 + 1:02d}"
    head = f'<meta property="article:section" content="{topic}">' if topic else ""
    data = f'<script type="application/ld+json">{{"@type": "BlogPosting", "datePublished": "{date}T08:00:00Z"}}</script>'
    return made(f"Entry {number}", head=head + data)


def test_posts_stand_together_newest_first_with_their_dates(tmp_path: Path) -> None:
    names = {f"/word-{number * 7 % 10}": number for number in range(10)}
    pages = {path: _post(number) for path, number in names.items()}
    pages |= {
        "/about": made("About me"),
        "/journal": made("Journal", body="".join(f'<a href="{path}">{path}</a> ' for path in names)),
    }
    pages["/"] = made("Pegs", '<nav><a href="/about">About</a> <a href="/journal">Journal</a></nav>')
    done = crawled(pages, tmp_path)
    sections = parse_llms_file(done.llms).sections
    assert list(sections) == ["Overview", "Journal"]
    assert [link.title for link in sections["Journal"]] == [
        f"Entry {number}" for number in reversed(range(10))
    ]
    assert sections["Journal"][0].desc.startswith("2024-10-10: ")


@pytest.mark.parametrize("by_topic", [True, False])
def test_very_many_posts_are_divided_by_topic_or_year(tmp_path: Path, *, by_topic: bool) -> None:
    posts = {
        f"/diary/e-{number}": _post(
            number, topic=("Oak", "Ash", "Elm")[number % 3] if by_topic else "", year=2021 + number % 4
        )
        for number in range(72)
    }
    pages = posts | {
        "/": made("Diary of trees", body="".join(f'<a href="{path}">e</a> ' for path in ["/me", *posts]))
    }
    pages["/me"] = made("Me")
    found = outline(pages, tmp_path)
    parts = ["Ash", "Elm", "Oak"] if by_topic else ["Diary 2024", "Diary 2023", "Diary 2022", "Diary 2021"]
    assert list(found) == ["Overview", *parts]
    assert {len(found[part]) for part in parts} == {72 // len(parts)}


def test_products_have_the_price_and_properties_that_their_pages_show(tmp_path: Path) -> None:
    def product(name: str, price: str, shown: str) -> str:
        data = (
            f'{{"@type": "Product", "name": "{name}", "offers": {{"price": "{price}", "priceCurrency": "EUR"}},'
            ' "additionalProperty": [{"name": "Wood", "value": "beech"}, {"name": "Secret", "value": "zq9"}]}'
        )
        return made(name, body=f'<p>{shown}, of beech.</p><script type="application/ld+json">{data}</script>')

    pages = {
        "/": made(
            "Turner", body='<a href="/p/top">Top</a> <a href="/p/bowl">Bowl</a> <a href="/p/cup">Cup</a>'
        ),
        "/p/top": product("Top", "8.50", "It costs 8,50 €"),
        "/p/bowl": product("Bowl", "1240.00", "1.240 €"),
        "/p/cup": product("Cup", "33.00", "Ask us for the price"),
    }
    notes = {
        link.title: link.desc
        for links in parse_llms_file(crawled(pages, tmp_path).llms).sections.values()
        for link in links
    }
    assert notes["Top"].startswith("8.50 EUR; Wood: beech: ")
    assert notes["Bowl"].startswith("1240.00 EUR; Wood: beech: ")
    assert notes["Cup"].startswith("Wood: beech: ")


def test_links_to_next_and_previous_pages_do_not_order_the_site(tmp_path: Path) -> None:
    """Sphinx puts the next and the previous chapter into a sidebar and a bar of their own on each page."""
    names = ["first", "zebra", "ant", "mole", "bee"]

    def beside(number: int) -> str:
        steps = [
            (step, names[at])
            for step, at in (("Previous topic", number - 1), ("Next topic", number + 1))
            if 0 <= at < len(names)
        ]
        boxes = "".join(
            f'<h4>{step}</h4><p class="topless"><a href="/book/{name}.html">{name}</a></p>'
            for step, name in steps
        )
        bar = "".join(
            f'<li><a href="/book/{name}.html">{step.split()[0].lower()}</a> |</li>' for step, name in steps
        )
        up = f'<li><a href="/">Animals</a> »</li><li><a href="">{names[number]}</a></li>'
        return f'<div class="related" role="navigation"><h3>Navigation</h3><ul>{bar}{up}</ul></div><div class="sphinxsidebar" role="navigation">{boxes}</div>'

    pages = {f"/book/{name}.html": made(f"The {name}", beside(number)) for number, name in enumerate(names)}
    pages |= {
        "/": made("Animals", body="".join(f'<a href="/book/{name}.html">The {name}</a> ' for name in names)),
        "/x/y.html": made("Y"),
    }
    pages["/"] += '<a href="/x/y.html">Y</a>'
    found = outline(pages, tmp_path)
    assert {"Next topic", "Previous topic", "Navigation"}.isdisjoint(found)
    assert found["Book"] == [f"The {name}" for name in names]


@pytest.mark.parametrize("has_lists", [True, False])
def test_a_large_flat_site_is_divided_by_its_lists_or_by_the_words_of_its_addresses(
    tmp_path: Path, *, has_lists: bool
) -> None:
    kinds = ("Sails", "Ropes", "Knots")
    names = {f"/{kinds[number % 3].lower()[:4]}-{number}": number for number in range(75)}
    if has_lists:
        names = {f"/{number}x": number for number in range(75)}
    pages = {path: made(f"Item {number}") for path, number in names.items()}
    every = "".join(f'<a href="{path}">i</a> ' for path in names)
    lists = ""
    for at, kind in enumerate(kinds if has_lists else ()):
        members = "".join(f'<a href="{path}">i</a> ' for path, number in names.items() if number % 3 == at)
        pages[f"/category/{kind.lower()}"] = made(kind, body=members)
        lists += f'<a href="/category/{kind.lower()}">{kind}</a> '
    found = outline(pages | {"/": made("Chandler", body=every + lists)}, tmp_path)
    parts = list(kinds) if has_lists else [kind[:4] for kind in kinds]
    assert sorted(title for title in found if title not in ("Overview", "Optional")) == sorted(parts)
    assert {len(found[part]) for part in parts} == {25}


def test_a_flat_reference_is_divided_by_the_kinds_in_its_urls(tmp_path: Path) -> None:
    kinds = {"Class": "classMill_1_1", "Struct": "structMill_1_1", "Group": "group__Mill__"}
    pages = {
        f"/{start}Item{number}.html": made(f"Item {number} of {kind}")
        for kind, start in kinds.items()
        for number in range(25)
    }
    links = "".join(f'<a href="{path}">i</a> ' for path in pages)
    found = outline(pages | {"/": made("Mill", body=links)}, tmp_path)
    assert {kind: len(found[kind]) for kind in kinds} == dict.fromkeys(kinds, 25)


def test_bar_above_generated_lists_is_not_a_section_name(tmp_path: Path) -> None:
    def bar(*links: tuple[str, str]) -> str:
        items = (f'<a href="{path}">{label}</a>' if path else label for label, path in links)
        return f"<nav><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul></nav>"

    packages = {"mill.stones": ("Upper", "Lower", "Spindle"), "mill.wheels": ("Paddle", "Axle", "Hub")}
    pages, links = {}, ""
    for package, names in packages.items():
        folder = f"/{package.replace('.', '/')}"
        ends = ("Tree", f"{folder}/package-tree.html"), ("Index", "/index-all.html")
        starts = ("Overview", "/"), ("Package", f"{folder}/package-summary.html")
        pages[f"{folder}/package-summary.html"] = made(package, bar(starts[0], ("Class", ""), *ends))
        pages[f"{folder}/package-tree.html"] = made(f"{package} Class Hierarchy")
        for name in names:
            own, use = f"{folder}/{name}.html", f"{folder}/class-use/{name}.html"
            pages[own] = made(f"{name} of {package}", bar(*starts, ("Class", ""), ("Use", use), *ends))
            pages[use] = made(f"Uses of {name}", bar(*starts, ("Class", own), ("Use", ""), *ends))
            links += f'<a href="{own}">{name}</a> <a href="{folder}/package-summary.html">p</a> '
    pages["/index-all.html"] = made("Index")
    found = outline(pages | {"/": made("Mill", body=links)}, tmp_path)
    assert {"mill.stones", "mill.wheels"} <= set(found)
    assert {"Class", "Use", "Package"}.isdisjoint(found)


def test_sections_of_a_frameset_come_from_its_menu_without_the_banner(tmp_path: Path) -> None:
    parts = {"Club": ("Members", "Evenings"), "Layouts": ("Valley line", "Harbour line")}
    paths = {name: f"{name.split()[0].lower()}.htm" for names in parts.values() for name in names}
    menu = "".join(
        f"<B>{part}</B><BR>"
        + "".join(f'<A HREF="{paths[name]}" TARGET="main">{name}</A><BR>' for name in names)
        for part, names in parts.items()
    )
    page = "<HTML><HEAD><TITLE>Club</TITLE></HEAD><BODY><FONT SIZE=6>{0}</FONT><P>{0}: {1}</BODY></HTML>"
    pages = {
        "/": '<HTML><HEAD><TITLE>The Railway Club</TITLE></HEAD><FRAMESET COLS="20%,*"><FRAME SRC="menu.htm">'
        '<FRAME SRC="a.htm"><FRAME SRC="main.htm" NAME="main"></FRAMESET></HTML>',
        "/menu.htm": f"<HTML><BODY>{menu}</BODY></HTML>",
        "/a.htm": "<HTML><BODY><FONT SIZE=5>The Railway Club</FONT></BODY></HTML>",
        "/main.htm": page.format(
            "Welcome", "The club has a shed behind the station, and meets there each week."
        ),
    }
    pages |= {f"/{path}": page.format(name, TEXT) for name, path in paths.items()}
    done = crawled(pages, tmp_path)
    sections = parse_llms_file(done.llms).sections
    found = {title: [link.title for link in links] for title, links in sections.items()}
    assert found == {"Overview": found["Overview"], **{part: list(names) for part, names in parts.items()}}
    assert [link.url.rpartition("/")[2] for link in sections["Overview"]] == ["main.htm"]


def test_category_page_is_first_in_the_section_of_its_products(tmp_path: Path) -> None:
    goods = {"Desk lamps": ("Quill", "Arbor", "Moss"), "Floor lamps": ("Sentry", "Heron", "Arc")}
    bar = "".join(f'<li><a href="/c/{name[:4].lower().strip()}">{name}</a></li>' for name in goods)
    bar = f'<header><nav aria-label="Main"><ul>{bar}</ul></nav></header>'
    pages = {"/": made("Lamps of the north", bar)}
    for name, products in goods.items():
        path = f"/c/{name[:4].lower().strip()}"
        links = "".join(f'<a href="/p/{product.lower()}">{product}</a> ' for product in products)
        pages[path] = made(name, bar, links)
        crumbs = f'<nav aria-label="Breadcrumb"><ol><li><a href="/">Home</a></li><li><a href="{path}">{name}</a></li>'
        for product in products:
            pages[f"/p/{product.lower()}"] = made(product, f"{bar}{crumbs}<li>{product}</li></ol></nav>")
    found = outline(pages, tmp_path)
    assert {part: found.get(part) for part in goods} == {
        part: [part, *products] for part, products in goods.items()
    }
    assert list(found) == ["Overview", *goods]
