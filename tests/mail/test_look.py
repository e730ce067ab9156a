"""Each mail in a browser: nothing overflows, no image is missing, and all text is legible."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from llmready.domain.mail import MailKind
from testkit import needs
from tests.mail.rendered import KINDS, render

CHROMIUM = Path("/usr/bin/chromium")
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LONG = {"name": "W" * 200, "url": f"https://{'a' * 60}.example.com/{'b' * 900}"}

# Contrast as WCAG defines it, of each text against the nearest background behind it.
LOOK = """() => {
  const linear = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const channel = (value) => linear(value / 255);
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const color = parts(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))];
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    texts.push({ text, contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
      size: parseFloat(getComputedStyle(element).fontSize), left: box.left, right: box.right });
  }
  return { texts, width: document.documentElement.scrollWidth, background: light(behind(document.body)),
    broken: [...document.images].filter((image) => !image.naturalWidth).length };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=needs.package("chromium", CHROMIUM))
        yield running
        running.close()


def look(browser: Browser, html: str, width: int, scheme: Any) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
    page.set_content(html)
    seen = dict(page.evaluate(LOOK))
    page.close()
    return seen


@pytest.mark.parametrize("website", [{}, LONG], ids=["usual", "long"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("kind", KINDS)
def test_mail_is_readable(
    browser: Browser, kind: MailKind, width: int, scheme: str, website: dict[str, Any]
) -> None:
    seen = look(browser, render(kind, **website).html, width, scheme)
    assert seen["width"] <= width
    assert seen["broken"] == 0
    assert seen["texts"]
    assert seen["background"] < 0.1 if scheme == "dark" else seen["background"] > 0.7
    for text in seen["texts"]:
        assert text["contrast"] >= LEAST_CONTRAST, text
        assert text["size"] >= 13, text
        assert text["left"] >= 0, text
        assert text["right"] <= width, text


def test_the_look_is_measured(browser: Browser) -> None:
    bad = '<body style="background:#fff"><p style="color:#999;width:900px">pale</p><img src="x:y"></body>'
    seen = look(browser, bad, 360, "light")
    assert (seen["broken"], seen["width"] > 360) == (1, True)
    assert seen["texts"][0]["contrast"] == pytest.approx(2.85, abs=0.01)
    assert seen["texts"][0]["right"] <= 360 < seen["width"]
