"""Descriptions of a site and its pages."""

# ruff: noqa: RUF001 - letters of other scripts look like Latin ones, and some are wide

from __future__ import annotations

from pathlib import Path

import pytest
from llms_txt import parse_llms_file

from llmready.crawler.store.tokens import count_spaced_words, count_words
from testkit.crawler_program import Run, call
from testkit.serving import serving

REST = "<p>Further text that differs by page: {}.</p>"


def html(title: str, body: str, head: str = "", lang: str = "en") -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def crawled(pages: dict[str, str], folder: Path) -> tuple[Run, dict[str, str]]:
    """Crawl pages and return the run and the descriptions by path."""
    with serving(pages) as site:
        done = call(site.url, folder).completed()
        links = [link for part in parse_llms_file(done.llms).sections.values() for link in part]
        return done, {link.url.removeprefix(site.url): link.desc or "" for link in links}


@pytest.mark.parametrize(
    "placeholder",
    [
        "null",
        "Just another WordPress site",
        "We use cookies to improve this site. Accept all cookies to continue.",
        "Diese Seite verwendet Cookies. Bitte akzeptieren Sie die Cookies.",
        "Ce site utilise des cookies; acceptez pour continuer.",
        "var a = 1; var b = new Thing(a); b.load(&quot;x&quot;);",
        "Home | About | Shop | Blog | Contact | Jobs",
        "12 March 2024",
        "“Arrived quickly, I am very happy with everything.”",
        "« Un service rapide, je suis très contente. »",
        "declaration: package: org.example.reeds, class: Reed",
        "This manual is free software; you can redistribute it under the terms of a licence.",
        "Permission is granted to copy, distribute and modify this document.",
        "This is distributed in the hope that it will be useful, but without any warranty.",
        "Figure 3.2. Reeds in the morning",
        "图 3-2. 清晨的芦苇",
    ],
)
def test_meaningless_description_is_replaced_by_the_first_sentence(placeholder: str, tmp_path: Path) -> None:
    head = f'<meta name="description" content="{placeholder}">'
    _, found = crawled(
        {"/": html("Reeds", "<p>Reeds grow where the water is shallow and slow.</p>", head)}, tmp_path
    )
    assert found["/"] == "Reeds grow where the water is shallow and slow."


def test_descriptions_are_unique(tmp_path: Path) -> None:
    common = '<meta name="description" content="All about the plants of the shore.">'
    pages = {
        "/": html(
            "Shore", '<a href="/a">a</a> <a href="/b">b</a><p>The shore has plants of many kinds.</p>', common
        )
    }
    pages |= {
        "/a": html(
            "Reeds", "<p>We answer within two working days.</p><p>Reeds grow in shallow water.</p>", common
        ),
        "/b": html(
            "Sedges",
            "<p>We answer within two working days.</p><p>Sedges have edges, as they say.</p>",
            common,
        ),
    }
    _, found = crawled(pages, tmp_path)
    assert (found["/a"], found["/b"]) == ("Reeds grow in shallow water.", "Sedges have edges, as they say.")
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("zh", "芦苇长在浅水里，随风摇摆。"),
        ("ja", "葦は浅い水辺に生え、風に揺れます。"),
        ("th", "ต้นอ้อขึ้นในน้ำตื้นและไหวตามลม"),
        ("ar", "ينمو القصب في المياه الضحلة."),
        ("hi", "सरकंडे उथले पानी में उगते हैं।"),
    ],
)
def test_a_sentence_in_any_script_describes_a_page(lang: str, sentence: str, tmp_path: Path) -> None:
    done, found = crawled({"/": html("1", f"<p>{sentence}</p>", lang=lang)}, tmp_path)
    assert found["/"] == sentence
    assert parse_llms_file(done.llms).summary == sentence
    assert "Overview" not in done.llms
    assert "This index" not in done.llms


@pytest.mark.parametrize("tagline", ["", '<p class="site-description">Notes from the shore</p>'])
def test_a_blog_is_not_described_by_its_newest_post(tagline: str, tmp_path: Path) -> None:
    posts = {
        "Reeds": "Reeds grow where the water is shallow and slow.",
        "Sedges": "Sedges have edges, as everybody on the shore says.",
    }
    teasers = "".join(
        f'<article><h2><a href="/{name.lower()}/">{name}</a></h2><p>{text}</p></article>'
        for name, text in posts.items()
    )
    front = html("Shore notes", teasers).replace("<main>", f"<header>{tagline}</header><main>")
    pages = {"/": front} | {
        f"/{name.lower()}/": html(name, f"<p>{text}</p>{REST.format(name)}") for name, text in posts.items()
    }
    done, found = crawled(pages, tmp_path)
    summary = parse_llms_file(done.llms).summary
    assert found["/reeds/"] == posts["Reeds"]
    assert posts["Reeds"] not in (summary, found["/"])
    assert summary == ("Notes from the shore" if tagline else summary)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one two three", 3),
        ("一二三四五六七八", 4),
        ("石を割る。", 2),
        ("한국어 단어", 2 + 2),
        ("كلمة أخرى", 2),
    ],
)
def test_words_are_counted_by_script(text: str, words: int) -> None:
    data = text.encode()
    assert abs(count_words(data, count_spaced_words(data)) - words) <= 2


def test_short_pages_in_japanese_and_loopback_cost_no_points(tmp_path: Path) -> None:
    texts = (
        "葦は浅い水辺に生え、風に揺れます。夏には青く、冬には黄色くなります。",
        "菅は湿った土地に生えます。葉は細くて長いです。",
        "岸辺の植物について、毎月ここに書いています。",
    )
    links = '<a href="/a">葦</a> <a href="/b">菅</a>'
    pages = {
        "/": html("岸辺", f"<p>{texts[2]}</p>{links}", lang="ja"),
        "/a": html("葦", f"<p>{texts[0]}</p>", lang="ja"),
        "/b": html("菅", f"<p>{texts[1]}</p>", lang="ja"),
    }
    done, _ = crawled(pages, tmp_path)
    assert done.manifest["quality"] == {"score": 100, "reasons": []}


@pytest.mark.parametrize(
    ("path", "is_private"),
    [
        ("/docs/administration/", False),
        ("/accounting", False),
        ("/docs/admin/login", False),
        ("/login", True),
        ("/shop/cart", True),
    ],
)
def test_only_whole_path_segments_are_private_areas(path: str, *, is_private: bool, tmp_path: Path) -> None:
    pages = {
        "/": html(
            "Mill", f'<p>The mill grinds rye every day.</p><a href="{path}">more</a> <a href="/x">x</a>'
        ),
        path: html("Work", "<p>The work of the mill is told here.</p>"),
        "/x": html("Rye", "<p>Rye is sown in autumn by hand.</p>"),
    }
    done, _ = crawled(pages, tmp_path)
    codes = [reason["code"] for reason in done.manifest["quality"]["reasons"]]
    assert ("private_pages" in codes) is is_private


LISTS = [
    ("en", "Recipes", ["Beans in the oven", "Peas with mint on 2 May"], "Beans in the oven, Peas with mint on 2 May"),
    ("zh", "菜谱", ["烤箱豆子", "薄荷豌豆"], "烤箱豆子、薄荷豌豆"),
    ("ar", "وصفات", ["فول بالفرن", "بازلاء بالنعناع"], "فول بالفرن، بازلاء بالنعناع"),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "title", "names", "expected"), LISTS)
def test_a_list_is_described_by_its_entries(
    lang: str, title: str, names: list[str], expected: str, tmp_path: Path
) -> None:
    path = "/recipes"
    teasers = "".join(
        f'<div><h3><a href="/d/{number}">{name}</a></h3> <a href="/author/ida">Ida</a>'
        f' <a href="/cart?add={number}">Add</a> <a href="/d/{number}">Continue</a></div>'
        for number, name in enumerate(names)
    )
    pages = {"/": html("Ida", f'<a href="{path}">{title}</a>', lang=lang)}
    pages[path] = html(title, f'<p><a href="/">Start</a></p>{teasers}', lang=lang)
    pages |= {f"/d/{number}": html(name, REST.format(number), lang=lang) for number, name in enumerate(names)}
    _, found = crawled(pages, tmp_path)
    assert found[path] == expected


def test_front_page_of_a_blog_is_named_as_the_blog(tmp_path: Path) -> None:
    def page(title: str, body: str) -> str:
        head = '<header><p>Reed and Rush</p><p class="site-description">Baskets made by hand</p></header>'
        return html(
            title, f"<p>{body}</p>", '<meta property="og:site_name" content="Reed and Rush">'
        ).replace("<main>", f"{head}<main>")

    pages = {
        "/": page("Reed and Rush – Baskets made by hand", '<a href="/a">How to cut reeds</a>'),
        "/a": page("How to cut reeds – Reed and Rush", "Cut them in winter, when the ice carries you."),
    }
    done, found = crawled(pages, tmp_path)
    assert "- [Reed and Rush](" in done.llms
    assert found["/"] == "Baskets made by hand"


def test_a_site_in_another_script_without_a_declared_language_gets_no_english_words(tmp_path: Path) -> None:
    def page(title: str, body: str) -> str:
        return html(title, body, lang="").replace(' lang=""', "")

    pages = {
        "/": page("Камыш", '<a href="/a">Корзины</a> <a href="/b">Берег</a>'),
        "/a": page("Корзины", "<p>Корзины плетут зимой, когда лёд держит человека.</p>"),
        "/b": page("Берег", "<p>Берег зарастает камышом за десять лет.</p>"),
    }
    done, _ = crawled(pages, tmp_path)
    assert "This index" not in done.llms
    assert "Overview" not in done.llms


def test_lists_of_posts_by_month_have_no_date_of_their_own(tmp_path: Path) -> None:
    post = '<article><time datetime="2024-05-02">2 May</time><p>Cut them when the ice carries.</p></article>'
    pages = {
        "/": html("Reeds", '<a href="/2024/05/cut">Cutting</a> <a href="/2024/05/">May 2024</a>'),
        "/2024/05/cut": html(
            "Cutting", post, '<meta property="article:published_time" content="2024-05-02">'
        ),
        "/2024/05/": html("May 2024", f'{post}<a href="/2024/05/cut">Cutting</a>'),
    }
    _, found = crawled(pages, tmp_path)
    assert found["/2024/05/cut"].startswith("2024-05-02")
    assert not found["/2024/05/"].startswith("2024-05-02")


@pytest.mark.parametrize(
    ("stated", "body", "described"),
    [
        ("Use *args, **kwargs and a * b in snake_case.", "", "Use *args, **kwargs and a * b in snake_case."),
        (
            "",
            "<p>The method <code>__init__</code> takes <code>*args</code> and <em>many</em> others as 2 * 3.</p>",
            "The method __init__ takes *args and many others as 2 * 3.",
        ),
        ("A **fast** [mill](/m) with `stones`.", "", "A fast mill with stones."),
    ],
)
def test_markdown_characters_of_text_stay_and_markup_is_removed(
    stated: str, body: str, described: str, tmp_path: Path
) -> None:
    head = f'<meta name="description" content="{stated}">' if stated else ""
    done, _ = crawled({"/": html("Mill", body, head)}, tmp_path)
    assert f"> {described}" in done.llms


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ("<p>Reeds are tall green grasses.</p><p>They grow where the water is shallow and slow.</p>", 0),
        (
            "<p>Posted on 3 May 2024</p><hr><p>Reeds are tall green grasses.</p><p>They grow in water only.</p>",
            1,
        ),
        ("<p>Welcome to our small site!</p><p>Reeds grow where the water is shallow and slow.</p>", 1),
        ("<h2>Uses</h2><p>Roofs are thatched.</p><p>Reeds grow where the water is shallow and slow.</p>", 1),
        ("<p>This page has no list:</p><p>Reeds grow where the water is shallow and slow.</p>", 1),
    ],
    ids=["first", "below a date", "greeting", "below a heading", "before a colon"],
)
def test_a_short_sentence_describes_a_page_only_at_its_top(
    body: str, description: int, tmp_path: Path
) -> None:
    _, found = crawled({"/": html("Reeds", body)}, tmp_path)
    paragraphs = [part.partition("</p>")[0] for part in body.split("<p>")[1:]]
    assert found["/"] == paragraphs[description]


def test_a_page_that_lists_one_text_is_described_by_its_title(tmp_path: Path) -> None:
    links = '<a href="/tag/shore/">shore</a> <a href="/reeds/">Reeds</a>'
    teaser = '<article><h2><a href="/reeds/">How reeds grow</a></h2><p>Reeds grow in water.</p></article>'
    pages = {
        "/": html("Plants", f"<p>Plants of the shore, with their names and uses.</p>{links}"),
        "/reeds/": html(
            "How reeds grow", "<p>Reeds grow in water.</p><p>They need light and a slow river.</p>"
        ),
        "/tag/shore/": html("shore", teaser),
    }
    _, found = crawled(pages, tmp_path)
    assert found["/tag/shore/"] == "How reeds grow"


def test_a_list_of_publications_is_described_by_its_first_item(tmp_path: Path) -> None:
    first = "Brook A., Reed B. (2024). Grasses of shallow lakes. Journal of Shores 7, 12-29."
    second = "Sedge C. (2023). Edges of leaves. Journal of Shores 6, 30-41."
    body = f"<h2>2024</h2><ul><li>{first}</li></ul><h2>2023</h2><ul><li>{second}</li></ul>"
    _, found = crawled({"/": html("Publications", body)}, tmp_path)
    assert found["/"] == first
