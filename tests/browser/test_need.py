"""Only pages whose HTML lacks their text are rendered."""

from __future__ import annotations

import time

import pytest

from llmready.crawler.browser.labels import loads_more
from llmready.crawler.browser.need import needs_browser
from llmready.crawler.browser.signs import signs_of_growth
from llmready.crawler.browser.tally import Tally
from testkit.serving import page

SCRIPT = '<script src="/app.js"></script>'
MODULE = '<script type="module" src="/main.js"></script>'
NO_SCRIPT = "<noscript>You need to enable JavaScript to run this app.</noscript>"
TEXT = "<p>A sentence that says something about the matter at hand, in as many words as it takes.</p>"
MENU = "<nav>" + "<a href=/x>A long entry of the menu</a>" * 30 + "</nav>"


def html(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head><title>T</title>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    "shell",
    [
        html(f'{NO_SCRIPT}<div id="root"></div>{SCRIPT}'),
        html(f'<div id="app"></div>{MODULE}'),
        html(f"<app-root>Loading...</app-root>{SCRIPT}"),
        html(f'<div id="__next"></div>{SCRIPT}'),
        html('<div id="app">Please wait</div>', head=MODULE),
        html(f"<script>document.write('{TEXT}')</script>"),
        html(f"<template shadowrootmode=open>{TEXT * 5}</template>{SCRIPT}"),
        html(f"{MENU}<main></main><footer>{TEXT * 9}</footer>{SCRIPT}"),
        html(f"<header>{TEXT * 3}</header>{MENU}<div id=content></div>{TEXT * 3}{SCRIPT}"),
        html(f"{NO_SCRIPT}{TEXT * 3}{SCRIPT}"),
        html(f"<noscript>Bitte JavaScript aktivieren.</noscript>{TEXT * 3}{SCRIPT}"),
        html(f'{TEXT * 20}<div hx-get="/part" hx-trigger="load"></div>{SCRIPT}'),
        html(f'<div id="root"></div>{TEXT * 5}{SCRIPT}'),
    ],
)
def test_page_without_text_is_rendered(shell: str) -> None:
    assert needs_browser(shell)


@pytest.mark.parametrize(
    "complete",
    [
        "",
        html(""),
        html("<p>Short, but without any script.</p>"),
        html(f"{NO_SCRIPT}<p>Short.</p>"),
        html(f'<script type="application/ld+json">{{}}</script><p>Short.</p>{TEXT}'),
        html(f"{MENU}<main>{TEXT * 5}</main>{SCRIPT}"),
        html(f'<div id="__next">{MENU}<main>{TEXT * 12}</main></div>{SCRIPT}'),
        html(f'{NO_SCRIPT}<div id="root"><article>{TEXT * 12}</article></div>{SCRIPT}'),
        html(f"<noscript><iframe src=https://tags.example/></iframe></noscript>{TEXT * 5}{SCRIPT}"),
        html(f"<noscript><img src=/pixel.gif></noscript>{TEXT * 3}{SCRIPT}"),
        html(f'<div id="root"></div>{TEXT * 15}{SCRIPT}'),
        html(f'{TEXT * 5}<turbo-frame src="/x">{TEXT}</turbo-frame>{SCRIPT}'),
        page("documentation", body=TEXT * 3, head=SCRIPT),
    ],
)
def test_page_with_text_is_not_rendered(complete: str) -> None:
    assert not needs_browser(complete)


CONTROL = html(f"{TEXT * 5}<button>Load more</button>{SCRIPT}")


@pytest.mark.parametrize(
    "growing",
    [
        CONTROL,
        html(f'{TEXT * 5}<a href="javascript:void(0)">Mehr laden</a>{SCRIPT}'),
        html(f'{TEXT * 5}<a href="#">Voir plus</a>{SCRIPT}'),
        html(f"{TEXT * 5}<input type=button value='Show 10 more'>{SCRIPT}"),
        html(f"{TEXT * 5}<button aria-label='Load more'><svg></svg></button>{SCRIPT}"),
        html(f"{TEXT * 5}<div class=load-more></div>{SCRIPT}"),
        html(f"{TEXT * 5}<my-card></my-card>{SCRIPT}"),
        html(f"<x-page><p>{TEXT * 5}</p><x-list><div></div></x-list></x-page>{SCRIPT}"),
        html(f"<div data-infinite-scroll>{TEXT * 5}</div>{SCRIPT}"),
        html(f"<ul data-next-page='/page/2'>{TEXT * 5}</ul>{SCRIPT}"),
        html(f"{TEXT * 5}<div id=sentinel></div>{SCRIPT}"),
        html(
            f"{TEXT * 5}<script>addEventListener('scroll', () => {{ if (innerHeight + scrollY >="
            " document.body.scrollHeight - 50) add() })</script>"
        ),
    ],
)
def test_signs_of_growth_are_found(growing: str) -> None:
    assert signs_of_growth(growing)


@pytest.mark.parametrize(
    "complete",
    [
        "",
        html(f"{TEXT * 5}<button>Load more</button>"),
        html(f"{TEXT * 5}<button>Buy more</button>{SCRIPT}"),
        html(f"{TEXT * 5}<a href='/page/2'>Load more</a>{SCRIPT}"),
        html(f"<nav><button>More</button></nav>{TEXT * 5}{SCRIPT}"),
        html(f"{TEXT * 5}<form><button>Show more</button></form>{SCRIPT}"),
        html(f"{TEXT * 5}<template><my-card></my-card></template>{SCRIPT}"),
        html(f"{TEXT * 5}<my-card><template shadowrootmode=open>{TEXT}</template></my-card>{SCRIPT}"),
        html(f"{TEXT * 5}<my-card>Text</my-card><ion-icon></ion-icon><my-photo><img></my-photo>{SCRIPT}"),
        html(f"<header><my-card></my-card></header>{TEXT * 5}{SCRIPT}"),
        html(
            f"{TEXT * 5}<script>addEventListener('scroll', () => {{ bar.style.width = scrollY /"
            " document.body.scrollHeight })</script>"
        ),
    ],
)
def test_page_without_a_sign_of_growth(complete: str) -> None:
    assert not signs_of_growth(complete)


@pytest.mark.parametrize(
    "part", ["<my-a>", "<button>", "<div role=button>", "<my-a></my-a>", "<nav>", "<a>More</a>", "<ab-"]
)
def test_signs_of_hostile_pages_are_found_in_linear_time(part: str) -> None:
    took = []
    for times in (20_000, 80_000):
        began = time.process_time()
        signs_of_growth(html(part * times + SCRIPT))
        took.append(time.process_time() - began)
    assert took[1] < 10 * took[0] + 0.5


def test_a_sign_is_ignored_after_it_was_in_vain_on_ten_pages() -> None:
    tally, signs, other = Tally(), frozenset({"my-card"}), frozenset({"my-card", "control"})
    for _ in range(10):
        assert tally.is_worth(signs)
        tally.learn(signs, added=0)
    assert not tally.is_worth(signs)
    assert tally.is_worth(other)
    assert not tally.is_worth(frozenset())
    assert tally.notes()[-1].startswith("1 pages with text were not rendered")
    tally.learn(other, added=1000)
    assert tally.is_worth(signs)


@pytest.mark.parametrize(
    "label",
    [
        "Load more", "Show 10 more", "+ More …", "Show more results", "Load More Posts", "Mehr laden",
        "Weitere Artikel anzeigen",
        "Plus d\u2019articles", "Plus d'articles", "Ver más", "Carica altri articoli", "Carregar mais", "Meer laden",
        "もっと見る",
        "加载更多", "Показать ещё", "Pokaż więcej", "Load more \u25be", "  Show\n more  ", "More", "10 more results",
    ],
)  # fmt: skip
def test_label_that_loads_more(label: str) -> None:
    assert loads_more(label)


@pytest.mark.parametrize(
    "label",
    [
        "", "Buy more", "Show more options", "Load more to cart", "More information", "View all partners",
        "Sign in to see more",
        "Show more cookies", "Delete all", "Mehr bestellen", "Plus d'informations", "Plus de paramètres", "Show less",
        "Next",
        "Subscribe", "Load", "Read our story", "x" * 500, "more" * 20,
    ],
)  # fmt: skip
def test_label_that_is_not_pressed(label: str) -> None:
    assert not loads_more(label)
