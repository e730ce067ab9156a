"""The rules that cost points, the pages that a reason lists, and its remedy."""

# ruff: noqa: RUF001 - garbled text consists of letters that look like others

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from testkit.crawler_program import call
from testkit.serving import Answer, serving

if TYPE_CHECKING:
    from pathlib import Path

WORDS = (
    "amber", "beacon", "copper", "dune", "ember", "ferry", "granite", "harbour",
    "island", "jetty", "kettle", "lantern", "marsh", "needle", "orchard", "pebble",
    "quarry", "ribbon", "saddle", "timber", "umber", "valley", "willow", "yarrow",
    "zinc", "anchor", "bellows", "cradle", "dagger", "easel", "fiddle", "gutter",
)  # fmt: skip


def sentence(number: int) -> str:
    """Return a sentence that is different for each number."""
    first, second = WORDS[number % len(WORDS)], WORDS[(number * 7 + 3) % len(WORDS)]
    return f"The {first} of room {number} was bought together with one {second} from the yard."


def html(title: str, body: str, head: str = "", lang: str = "en", menu: str = "") -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body>{menu}<main><h1>{title}</h1>{body}</main></body></html>"
    )


def links(*paths: str) -> str:
    return "<ul>" + "".join(f'<li><a href="{path}">{path[1:]} room</a></li>' for path in paths) + "</ul>"


def rooms(count: int) -> dict[str, Answer | str]:
    """Return a site without problems: a front page and this many pages, each with its own title and sentence."""
    paths = [f"/{WORDS[number]}" for number in range(count)]
    found: dict[str, Answer | str] = {
        path: html(f"{path[1:].title()} room", f"<p>{sentence(number)}</p>")
        for number, path in enumerate(paths)
    }
    return {"/": html("Museum", f"<p>The museum shows tools of the coast.</p>{links(*paths)}"), **found}


def reasons_of(
    pages: dict[str, Answer | str], folder: Path, *options: str
) -> tuple[dict[str, dict[str, Any]], str]:
    """Crawl pages, and return the reasons of the score by code, and the origin."""
    with serving(pages) as site:
        done = call(site.url, folder, *options).completed()
        quality = done.manifest["quality"]
        assert done.last["quality"] == quality
        assert quality["score"] == max(0, 100 - sum(reason["points"] for reason in quality["reasons"]))
        for reason in quality["reasons"]:
            assert reason["remedy"].endswith("."), reason
            assert len(reason["pages"]) <= 5, reason
        return {reason["code"]: reason for reason in quality["reasons"]}, site.url


def test_a_site_without_problems_has_no_reasons(tmp_path: Path) -> None:
    found, _ = reasons_of(rooms(8), tmp_path)
    assert found == {}


def test_links_to_pages_that_do_not_exist_name_the_pages_that_link_to_them(tmp_path: Path) -> None:
    pages = rooms(6)
    pages["/amber"] = html("Amber room", f'<p>{sentence(0)} See the <a href="/attic">attic</a>.</p>')
    pages["/dune"] = html("Dune room", f'<p>{sentence(3)} See the <a href="/cellar">cellar</a>.</p>')
    pages["/cellar"] = Answer("gone", 410)
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"dead_links"}
    assert sorted(found["dead_links"]["pages"]) == [f"{origin}/amber", f"{origin}/dune"]
    assert f"{origin}/attic" in found["dead_links"]["remedy"]


def test_pages_with_an_error_are_named(tmp_path: Path) -> None:
    pages = rooms(6)
    pages["/amber"] = Answer("no", 403)
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"pages_failed"}
    assert found["pages_failed"]["pages"] == [f"{origin}/amber"]


@pytest.mark.parametrize(
    "garbled",
    [
        "Le cafÃ© du musÃ©e est ouvert.",
        "It\u00e2\u20ac\u2122s open on Sundays.",
        "Le caf\ufffd est ouvert.",
        "РњСѓР·РµР№ РѕС‚РєСЂС‹С‚",
        "ÐœÑƒÐ·ÐµÐ¹ Ð¾Ñ‚ÐºÑ€Ñ‹Ñ‚",
    ],
)
def test_garbled_text_is_named(garbled: str, tmp_path: Path) -> None:
    pages = rooms(4)
    pages["/dune"] = html("Dune room", f"<p>{sentence(3)}</p><p>{garbled}</p>")
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"garbled_text"}
    assert found["garbled_text"]["pages"] == [f"{origin}/dune"]
    assert "UTF-8" in found["garbled_text"]["remedy"]


@pytest.mark.parametrize(
    "sound",
    [
        "« Café » — voilà… «\u00a0allé\u00a0»! IRMÃOS, AMANHÃ, 20\u00a0°C, l’été…",
        "Музей открыт. РСФСР, СССР и РФ. № 5 — «Рим».",
        "博物館は毎日開いています。“入场”免费。",
        "Cộng hòa Xã hội Chủ nghĩa Việt Nam; ÂM NHẠC, ÐẶNG.",
        "A wrong encoding shows <code>Ã©</code> or <code>\ufffd</code>.",
    ],
)
def test_sound_text_of_many_languages_is_not_garbled(sound: str, tmp_path: Path) -> None:
    pages = rooms(4)
    pages["/dune"] = html("Dune room", f"<p>{sentence(3)}</p><p>{sound}</p>")
    found, _ = reasons_of(pages, tmp_path)
    assert found == {}


def test_descriptions_of_a_template_are_repeated(tmp_path: Path) -> None:
    pages = rooms(12)
    for number in range(6):
        path = f"/{WORDS[number]}"
        end = "free delivery on all orders, and the best prices on the whole coast."
        head = f'<meta name="description" content="Buy the {WORDS[number]} here with {end}">'
        pages[path] = html(f"{WORDS[number].title()} room", f"<p>{sentence(number)}</p>", head)
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"repeated_descriptions"}
    assert len(found["repeated_descriptions"]["pages"]) == 5
    assert found["repeated_descriptions"]["pages"][0].startswith(origin)
    assert "6 of 13" in found["repeated_descriptions"]["detail"]


def test_pages_that_have_only_a_file_name_with_a_number_cost_points(tmp_path: Path) -> None:
    pages = rooms(6)
    names = ("p17", "p18", "p19")
    for number, name in enumerate(names):
        pages[f"/{name}"] = (
            f"<!doctype html><title>Untitled</title><main><p>{sentence(number + 20)}</p></main>"
        )
    pictures = "".join(f'<a href="/{name}"><img src="/i.png" alt=""></a>' for name in (*names, *WORDS[:6]))
    pages["/"] = html("Museum", f"<p>The museum shows tools of the coast.</p>{pictures}")
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"generic_titles"}
    assert sorted(found["generic_titles"]["pages"]) == [f"{origin}/{name}" for name in names]


def test_frameset_pages_with_menu_labels_have_no_generic_titles(tmp_path: Path) -> None:
    untitled = "<html><head><title>New Page 1</title></head><body>{}</body></html>"
    frames = '<frameset cols="20%,*"><frame src="menu.htm"><frame src="main.htm"></frameset>'
    menu = '<a href="tools.htm">Tools</a> <a href="hours.htm">Hours</a>'
    pages: dict[str, Answer | str] = {
        "/": f"<html><head><title>Museum of the coast</title></head>{frames}</html>",
        "/menu.htm": untitled.format(menu),
        "/main.htm": untitled.format("<p>The museum shows tools of the coast in nine rooms.</p>"),
        "/tools.htm": untitled.format(f"<p>{sentence(3)}</p>"),
        "/hours.htm": untitled.format(f"<p>{sentence(4)}</p>"),
    }
    found, _ = reasons_of(pages, tmp_path)
    assert "generic_titles" not in found


def test_a_site_that_is_named_by_its_host_costs_points(tmp_path: Path) -> None:
    page = "<!doctype html><title>{}</title><main><p>{}</p>{}</main>"
    paths = [f"/{word}" for word in WORDS[:4]]
    pages: dict[str, Answer | str] = {
        "/": page.format("Home", "The museum shows tools of the coast.", links(*paths))
    }
    for number, path in enumerate(paths):
        pages[path] = html(f"{path[1:].title()} room", f"<p>{sentence(number)}</p>")
    found, origin = reasons_of(pages, tmp_path)
    assert found["site_name"]["pages"] == [f"{origin}/"]
    assert "og:site_name" in found["site_name"]["remedy"]


def test_a_section_with_nearly_everything_costs_points(tmp_path: Path) -> None:
    paths = [f"/tools/{word}" for word in WORDS[:28]] + ["/visit/hours", "/visit/tickets"]
    pages: dict[str, Answer | str] = {
        path: html(f"{path.rpartition('/')[2].title()} room", f"<p>{sentence(number)}</p>")
        for number, path in enumerate(paths)
    }
    pages["/"] = html("Museum", f"<p>The museum shows tools of the coast.</p>{links(*paths)}")
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"unbalanced_sections"}
    assert all(page.startswith(f"{origin}/tools/") for page in found["unbalanced_sections"]["pages"])


def test_many_pages_outside_all_sections_cost_points(tmp_path: Path) -> None:
    paths = [f"/part-{first}/{second}" for first, second in zip(WORDS[:16], WORDS[10:26], strict=True)]
    paths += [f"/tools/{word}" for word in WORDS[:8]]
    pages: dict[str, Answer | str] = {
        path: html(f"{path[1:].replace('/', ' ').title()} room", f"<p>{sentence(number)}</p>")
        for number, path in enumerate(paths)
    }
    pages["/"] = html("Museum", f"<p>The museum shows tools of the coast.</p>{links(*paths)}")
    found, _ = reasons_of(pages, tmp_path)
    assert set(found) == {"unbalanced_sections"}
    assert "17 of 25 pages" in found["unbalanced_sections"]["detail"]


def test_many_sections_of_one_page_cost_points(tmp_path: Path) -> None:
    pages: dict[str, Answer | str] = {}
    for number in range(64):
        year = 2000 + number if number < 12 else 2024
        date = f'<meta property="article:published_time" content="{year}-0{1 + number % 9}-11T08:00:00Z">'
        body = f"<article><p>{sentence(number)}</p></article>"
        pages[f"/post-{number}"] = html(
            f"Find {number}", body, date + '<meta property="og:type" content="article">'
        )
    pages["/"] = html("Museum", f"<p>The museum shows tools of the coast.</p>{links(*pages)}")
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"unbalanced_sections"}
    assert "12 of 14 sections have a single page" in found["unbalanced_sections"]["detail"]
    assert f"{origin}/post-11" in found["unbalanced_sections"]["pages"]


def test_content_that_a_limit_left_out_costs_points_in_proportion(tmp_path: Path) -> None:
    few, _ = reasons_of(rooms(20), tmp_path / "few", "--max-pages", "18")
    many, _ = reasons_of(rooms(20), tmp_path / "many", "--max-pages", "6")
    assert 0 < few["pages_cut"]["points"] < many["pages_cut"]["points"] <= 15
    assert "15 of 21 pages" in many["pages_cut"]["detail"]
    assert "max_pages" in many["pages_cut"]["remedy"]


def test_tags_that_a_limit_left_out_cost_nothing(tmp_path: Path) -> None:
    pages = rooms(6)
    tags = [f"/tag/{word}" for word in WORDS[:12]]
    pages["/amber"] = html("Amber room", f"<p>{sentence(0)}</p>{links(*tags)}")
    pages |= {tag: html(f"Tag {tag[5:]}", f"<p>{sentence(50 + n)}</p>") for n, tag in enumerate(tags)}
    found, _ = reasons_of(pages, tmp_path, "--max-pages", "7")
    assert "pages_cut" not in found


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("fr", "Cette salle montre les outils que les pêcheurs de la côte fabriquaient."),
        ("zh", "这个房间展示了海岸渔民制作和使用的各种工具，每天都开放。"),
        ("en", "Этот зал показывает орудия, которые делали рыбаки побережья."),
    ],
)
def test_pages_in_another_language_in_a_section_cost_points(lang: str, text: str, tmp_path: Path) -> None:
    pages = rooms(8)
    pages["/dune"] = html("Dune", f"<p>{text}</p>", lang=lang)
    found, origin = reasons_of(pages, tmp_path)
    assert set(found) == {"mixed_languages"}
    assert found["mixed_languages"]["pages"] == [f"{origin}/dune"]


def test_a_site_in_one_language_with_names_in_latin_letters_is_not_mixed(tmp_path: Path) -> None:
    tools = cycle(("锤子", "锯子", "刨子", "凿子"))
    pages: dict[str, Answer | str] = {
        f"/{word}": html(
            word.title(), f"<p>{word} 是一种{next(tools)}，第{number}号展品，每天展出。</p>", lang="zh"
        )
        for number, word in enumerate(WORDS[:8])
    }
    pages["/dune"] = html(
        "Dune", "<p>npm install dune</p>" + "<p>安装这个工具的命令，适用于所有系统和版本。</p>", lang="zh"
    )
    pages["/"] = html("博物馆", f"<p>博物馆展示海岸的工具，每天开放。</p>{links(*pages)}", lang="zh")
    found, _ = reasons_of(pages, tmp_path)
    assert found == {}


def test_pages_with_mostly_repeated_text_cost_points(tmp_path: Path) -> None:
    notice = "".join(f"<p>{sentence(number)}</p>" for number in range(20, 24))
    pages = rooms(8)
    for number in range(8):
        path = f"/{WORDS[number]}"
        pages[path] = html(f"{path[1:].title()} room", f"<p>{sentence(number)}</p>{notice}")
    found, _ = reasons_of(pages, tmp_path)
    assert set(found) == {"boilerplate"}
    assert "8 of 9 pages have" in found["boilerplate"]["detail"]


def test_lists_in_optional_need_no_description(tmp_path: Path) -> None:
    pages = rooms(6)
    for number in range(4):
        pages[f"/tag/{WORDS[number]}"] = html(WORDS[number].title(), f'<a href="/{WORDS[number]}">one</a>')
    tags = links(*(f"/tag/{WORDS[number]}" for number in range(4)))
    pages["/"] = html("Museum", f"<p>The museum shows tools of the coast.</p>{links(*pages)}{tags}")
    found, _ = reasons_of(pages, tmp_path)
    assert "links_without_description" not in found


def test_directory_listing_is_not_a_site_name(tmp_path: Path) -> None:
    pages = {path: page for path, page in rooms(6).items() if path != "/"}
    pages["/"] = (
        f"<!doctype html><title>Directory listing for /</title><h1>Directory listing for /</h1>{links(*pages)}"
    )
    found, origin = reasons_of(pages, tmp_path)
    assert found["site_name"]["pages"] == [f"{origin}/"]


def test_titles_distinguished_only_by_file_names_cost_points(tmp_path: Path) -> None:
    pages = rooms(6)
    names = [f"d{number}x" for number in range(4)]
    for number, name in enumerate(names):
        pages[f"/{name}"] = html("Long description", f"<p>{sentence(number + 12)}</p>")
    pages["/"] = html("Museum", f"<p>The museum shows tools of the coast.</p>{links(*pages)}")
    found, origin = reasons_of(pages, tmp_path)
    assert sorted(found["generic_titles"]["pages"]) == [f"{origin}/{name}" for name in names]


def test_a_number_that_is_part_of_a_title_costs_nothing(tmp_path: Path) -> None:
    frames = '<frameset cols="20%,*"><frame src="menu.htm"><frame src="main.htm"></frameset>'
    menu = '<a href="one.htm" target="main">Valley (00)</a> <a href="two.htm" target="main">Harbour (2)</a>'
    page = "<html><head><title>Club</title></head><body><p>{}</p></body></html>"
    pages: dict[str, Answer | str] = {
        "/": f"<html><head><title>Club of the coast</title></head>{frames}</html>",
        "/menu.htm": f"<html><body>{menu}</body></html>",
        "/main.htm": page.format("The club of the coast has nine rooms and a yard."),
        "/one.htm": page.format(sentence(3)),
        "/two.htm": page.format(sentence(4)),
    }
    found, _ = reasons_of(pages, tmp_path)
    assert "generic_titles" not in found


def test_a_long_text_about_administration_is_not_a_private_page(tmp_path: Path) -> None:
    pages = rooms(4)
    texts = "".join(f"<p>{sentence(number)}</p>" for number in range(40, 60))
    pages["/ref/admin/"] = html("Admin site", f"<p>{sentence(21)}</p>{texts}")
    pages["/"] = html("Museum", f"<p>The museum shows tools of the coast.</p>{links(*pages)}")
    found, _ = reasons_of(pages, tmp_path)
    assert "private_pages" not in found
