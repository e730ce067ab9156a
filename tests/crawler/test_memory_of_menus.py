"""The menus of all pages need little memory."""

import json
import tracemalloc

from llmready.crawler.store.navigation import SiteNavigation
from llmready.crawler.urls import parse

PAGES, LINKS = 200, 200


def test_a_menu_is_not_kept_as_it_was_written() -> None:
    """Each page marks its own entry, so no two pages have the same text."""
    labels = [f"Bread number {number} of the village bakery, with its history" for number in range(LINKS)]
    navigation = SiteNavigation()
    written = 0
    tracemalloc.start()
    for number in range(PAGES):
        url = parse(f"https://bakery.example/{number}.html")
        menu = json.dumps(
            [
                [
                    [label, "#" if place == number else f"/{place}.html", "Breads"]
                    for place, label in enumerate(labels)
                ]
            ]
        )
        written += len(menu)
        navigation.add(menu, url, url, is_whole=False)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(navigation.menus()) == 1, "all pages have the same menu"
    assert written > 3_000_000
    assert kept < written / 4
