"""Labelled pages of many generators: the share of the main text that is kept, and the amount of other text."""

from __future__ import annotations

import asyncio

from llmready.crawler.convert.node_child import Converter
from llmready.crawler.convert.sanitise import clean_markdown
from llmready.crawler.urls import parse
from testkit.labels import Label, available, labels
from testkit.scores import score

URL = parse("https://example.com/docs/page.html")


def test_main_text_code_and_tables_are_kept() -> None:
    found, missing = available()
    assert len(found) >= 30, missing
    texts = asyncio.run(_converted(found))
    scores = [score(label, text) for label, text in zip(found, texts, strict=True)]
    worst = {label.name: one.f1 for label, one in zip(found, scores, strict=True) if one.f1 < 0.9}
    assert not worst
    for part in ("code", "languages", "rows"):
        counts = [getattr(one, part) for one in scores]
        assert sum(kept for _, kept in counts) >= 0.98 * sum(total for total, _ in counts), part


def test_hand_written_pages_keep_their_text_and_nothing_else() -> None:
    found = [label for label in labels() if label.is_handmade]
    assert len(found) >= 5
    for label, text in zip(found, asyncio.run(_converted(found)), strict=True):
        assert label.fingerprint == label.gold, label.name
        assert [sentence for sentence in label.say if sentence not in text] == [], label.name
        assert [sentence for sentence in label.hush if sentence in text] == [], label.name


async def _converted(found: list[Label]) -> list[str]:
    converter = Converter()
    await converter.start()
    try:
        return [clean_markdown(await converter.convert(label.html.encode(), str(URL))) for label in found]
    finally:
        await converter.close()
