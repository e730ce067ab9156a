"""Sections of sites in several languages, and sites that are not in English."""

# ruff: noqa: RUF001, E501 - letters of other scripts look like Latin ones

from __future__ import annotations

import json
from pathlib import Path

import pytest
from llms_txt import parse_llms_file

from testkit.crawler_program import Run, call
from testkit.serving import serving

TEXTS = {
    "en": ("Brook", ("Guide", "The guide tells how to begin with the wheel and what it is for."), ("Oil", "Oil the wheel twice a year, in spring and in autumn.")),
    "de": ("Bach", ("Anleitung", "Die Anleitung sagt, wie man mit dem Rad beginnt und wozu es da ist."), ("Öl", "Das Rad wird zweimal im Jahr geölt, im Frühling und im Herbst.")),
    "fr": ("Ruisseau", ("Guide", "Le guide dit comment commencer avec la roue et pourquoi elle est là."), ("Huile", "La roue est huilée deux fois dans l’année, au printemps et en automne.")),
    "ar": ("بروك", ("الدليل", "يشرح الدليل كيف تبدأ مع العجلة وما هي فائدتها للجميع."), ("الزيت", "ضع الزيت على العجلة مرتين في السنة في الربيع والخريف.")),
    "ja": ("小川", ("手引き", "この手引きでは、水車の始め方と使い道を説明しています。"), ("油", "水車には年に二回、春と秋に油をさしてください。")),
    "zh": ("小溪", ("指南", "本指南介绍如何开始使用水车以及它的用途。"), ("油", "每年春天和秋天给水车加两次油，请不要忘记。")),
    "zh-Hant": ("小溪流", ("指引", "本指南介紹如何開始使用水車以及它的用途。"), ("機油", "每年春天和秋天給水車加兩次油，請不要忘記。")),
    "ru": ("Ручей", ("Руководство", "Руководство рассказывает, как начать работу с колесом и зачем оно."), ("Масло", "Смазывайте колесо два раза в год, весной и осенью.")),
}  # fmt: skip


def page(lang: str, title: str, text: str, head: str = "", links: str = "") -> str:
    stated = f' lang="{lang}"' if lang else ""
    return (
        f'<!doctype html><html{stated}><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body><main><h1>{title}</h1><p>{text}</p>{links}</main></body></html>"
    )


def translated(folders: dict[str, str], *, stated: bool = True) -> dict[str, str]:
    """Return a site whose folders are translations; each of them has a guide with two pages."""
    links = "".join(
        f'<a href="/{folder}guide/">1</a> <a href="/{folder}guide/oil.html">2</a> <a href="/{folder}">3</a> '
        for folder in folders
    )
    pages = {}
    for folder, lang in folders.items():
        name, guide, oil = TEXTS[lang]
        said = lang if stated else ""
        pages[f"/{folder}"] = page(said, name, f"{name}. {guide[1]} {oil[1]} {guide[0]}", "", links)
        pages[f"/{folder}guide/"] = page(said, *guide)
        pages[f"/{folder}guide/oil.html"] = page(said, *oil)
    return pages


def crawled(pages: dict[str, str], folder: Path, *arguments: str) -> tuple[dict[str, list[str]], Run]:
    """Crawl pages and return the paths of each section."""
    with serving(pages) as site:
        done = call(site.url, folder, *arguments).completed()
        parsed = parse_llms_file(done.llms)
        sections = {
            title: [link.url.removeprefix(site.url) for link in links]
            for title, links in parsed.sections.items()
        }
        return sections, done


@pytest.mark.parametrize("told", ["by lang", "by hreflang", "by og:locale", "by address and text"])
def test_each_translation_has_a_section_named_in_its_language(told: str, tmp_path: Path) -> None:
    folders = {"": "en", "ar/": "ar", "de/": "de", "ja/": "ja", "zh-tw/": "zh-Hant", "zh/": "zh"}
    pages = translated(folders, stated=told == "by lang")
    for path, html in pages.items():
        folder = next((one for one in sorted(folders, reverse=True) if path.startswith(f"/{one}")), "")
        lang = folders[folder]
        own = {
            "by hreflang": f'<link rel="alternate" hreflang="{lang}" href="{path}">',
            "by og:locale": f'<meta property="og:locale" content="{lang.replace("-", "_")}">',
        }.get(told, "")
        pages[path] = html.replace("</head>", f"{own}</head>")
    sections, _ = crawled(pages, tmp_path)
    assert list(sections) == ["Overview", "العربية", "Deutsch", "日本語", "简体中文", "繁體中文"]
    assert sections["Deutsch"] == ["/de/", "/de/guide/", "/de/guide/oil.html"]
    assert sections["Overview"] == ["/", "/guide/", "/guide/oil.html"]


def test_language_of_a_front_page_applies_to_its_folder(tmp_path: Path) -> None:
    pages = translated({"": "de", "en/": "en", "fr/": "fr"}, stated=False)
    pages = {path: html.replace("<html>", '<html lang="de">') for path, html in pages.items()}
    for path, lang in (("/en/", "en"), ("/fr/", "fr")):
        own = f'<link rel="alternate" hreflang="{lang}" href="{path}">'
        pages[path] = pages[path].replace("</head>", f"{own}</head>")
    assert list(crawled(pages, tmp_path)[0]) == ["Bach", "English", "Français"]


def test_a_template_that_declares_all_pages_english_is_ignored(tmp_path: Path) -> None:
    pages = translated({"": "fr", "ru/": "ru", "en/": "en"}, stated=False)
    pages = {path: html.replace("<html>", '<html lang="en">') for path, html in pages.items()}
    sections, done = crawled(pages, tmp_path)
    assert list(sections) == ["Ruisseau", "English", "Русский"]
    assert "This index" not in done.llms


def test_folders_that_look_like_languages_are_topics(tmp_path: Path) -> None:
    pages = {
        "/": page(
            "en", "Office", "What our office does.", "", '<a href="/it/">1</a> <a href="/it/mail/">2</a>'
        )
    }
    pages["/it/"] = page("en", "Computers", "This page is about the computers that we have in the office.")
    pages["/it/mail/"] = page("en", "Mail", "This is how to read your mail on the computers of the office.")
    sections, _ = crawled(pages, tmp_path)
    assert "Italiano" not in sections


def test_a_notice_in_another_language_gets_no_section(tmp_path: Path) -> None:
    pages = translated({"": "en"})
    pages["/"] = pages["/"].replace("</main>", '<a href="/verein.html">v</a></main>')
    pages["/verein.html"] = page(
        "de", "Verein", "Der Verein wurde in dem Jahr 1990 gegründet und ist nicht groß."
    )
    sections, _ = crawled(pages, tmp_path)
    assert list(sections) == ["Overview", "Guide"]
    assert "/verein.html" in sections["Overview"]


def test_chosen_languages_have_sections_and_others_are_optional(tmp_path: Path) -> None:
    folders = {"": "en", "de/": "de", "fr/": "fr", "ru/": "ru"}
    sections, done = crawled(translated(folders), tmp_path, "--languages=fr,de")
    assert list(sections) == ["Brook", "Deutsch", "Optional"]
    assert sections["Brook"] == ["/fr/", "/fr/guide/", "/fr/guide/oil.html"]
    assert set(sections["Optional"]) >= {"/", "/guide/", "/ru/", "/ru/guide/oil.html"}
    assert "This index" not in done.llms
    assert done.llms.splitlines()[2].startswith("> Ruisseau.")


def test_pages_in_other_languages_are_left_out_first(tmp_path: Path) -> None:
    paths = [f"/{folder}{name}.html" for folder in ("", "de/", "fr/") for name in ("a", "b", "c")]
    links = "".join(f'<a href="{path}">{path}</a> ' for path in paths)
    pages = {"/": page("en", "Brook", TEXTS["en"][1][1], "", links)}
    for path in paths:
        lang = path[1:3] if path.count("/") > 1 else "en"
        pages[path] = page(lang, f"{TEXTS[lang][1][0]} {path}", f"{path}: {TEXTS[lang][1][1]}")
    sections, done = crawled(pages, tmp_path, "--languages=fr,en", "--max-pages=8")
    assert sections == {
        "Brook": ["/fr/a.html", "/fr/b.html", "/fr/c.html"],
        "English": ["/", "/a.html", "/b.html", "/c.html"],
        "Optional": ["/de/a.html"],
    }
    assert "Left out, by the kind of page: 2 translation." in done.manifest["warnings"]


def test_a_choice_without_any_page_is_reported_and_ignored(tmp_path: Path) -> None:
    sections, done = crawled(translated({"": "en", "de/": "de"}), tmp_path, "--languages=ja")
    assert list(sections) == ["Overview", "Deutsch"]
    notes = json.loads((done.out / "manifest.json").read_text())["notes"]
    assert any("ja" in note and "language" in note for note in notes)


@pytest.mark.parametrize("lang", ["de", "fr", "ru", "ja", "ar"])
@pytest.mark.parametrize("stated", ["stated", "not stated"])
def test_no_english_words_are_added_to_a_site_in_another_language(
    lang: str, stated: str, tmp_path: Path
) -> None:
    name, guide, oil = TEXTS[lang]
    said = lang if stated == "stated" else ""
    days = {f"/2024/0{month}/p{month}.html": month for month in range(1, 6)}
    links = "".join(f'<a href="{path}">{month}</a> ' for path, month in days.items())
    links += '<a href="/x/a.html">a</a> <a href="/x/b.html">b</a>'
    pages = {"/": page(said, name, f"{guide[1]} {oil[1]}", "", links)}
    for path, month in days.items():
        date = f'<meta property="article:published_time" content="2024-0{month}-01">'
        pages[path] = page(said, f"{oil[0]} {month}", f"{oil[1]} {month}", date)
    pages["/x/a.html"], pages["/x/b.html"] = page(said, *guide), page(said, oil[0], f"{oil[1]} {guide[1]}")
    _, done = crawled(pages, tmp_path)
    words = (
        "Overview",
        "Posts",
        "More pages",
        "This index",
        "Leads to",
        "Covers",
        "links, from",
        "of the index",
    )
    assert [word for word in words if word in done.llms] == []


@pytest.mark.parametrize("lang", ["ja", ""])
def test_untranslated_parts_stay_in_their_sections(lang: str, tmp_path: Path) -> None:
    parts = {"手引き": ("始め方", "Oil", "水車"), "資料": ("歴史", "Parts of a wheel")}
    menu = ""
    for part, titles in parts.items():
        items = (f'<li><a href="/{len(part)}{at}.html">{title}</a></li>' for at, title in enumerate(titles))
        menu += f"<li>{part}<ul>{''.join(items)}</ul></li>"
    nav = f"<nav><ul>{menu}</ul></nav>"
    pages = {"/": page(lang, "水車の本", "水車の本では、水車の始め方と使い道を説明しています。")}
    for part, titles in parts.items():
        for number, title in enumerate(titles):
            text = TEXTS["en"][2][1] if title.isascii() else TEXTS["ja"][1][1]
            pages[f"/{len(part)}{number}.html"] = page(lang, title, f"{text} {title}.")
    pages = {path: text.replace("<main>", f"{nav}<main>") for path, text in pages.items()}
    found, done = crawled(pages, tmp_path)
    assert list(found)[1:] == list(parts)
    assert [len(found[part]) for part in parts] == [3, 2]
    assert "Overview" not in done.llms
