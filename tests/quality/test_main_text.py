"""The main text of labelled pages of many makers: how much of it is kept, and how little else."""

from __future__ import annotations

import asyncio

from crawler.convert.converter import Converter
from crawler.convert.page import read_page
from crawler.convert.sanitise import clean_markdown
from crawler.frontier.urls import parse
from tests.quality.labels import Label, available
from tests.quality.scores import Score, score

URL = parse("https://example.com/docs/page.html")


def test_main_text_code_and_tables_survive() -> None:
    found, missing = available()
    assert len(found) >= 30, missing
    scores = asyncio.run(_scores(found))
    worst = {label.name: one.f1 for label, one in zip(found, scores, strict=True) if one.f1 < 0.9}
    assert not worst
    for part in ("code", "languages", "rows"):
        counts = [getattr(one, part) for one in scores]
        assert sum(kept for _, kept in counts) >= 0.98 * sum(total for total, _ in counts), part


async def _scores(found: list[Label]) -> list[Score]:
    converter = Converter()
    await converter.start()
    try:
        scores = []
        for label in found:
            page = read_page(label.html, URL)
            markdown = await converter.convert(page.html, str(page.base))
            scores.append(score(label, clean_markdown(markdown)))
        return scores
    finally:
        await converter.close()
