"""Only pages whose HTML lacks their text are rendered."""

from __future__ import annotations

import pytest

from llmready.crawler.browser.need import needs_browser
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
