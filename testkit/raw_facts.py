"""Facts of a page as the converter reports them, for tests that need only some of them."""

from llmready.crawler.convert.raw_facts import RawFacts

NO_FACTS: RawFacts = {
    "lang": "",
    "title": "",
    "heading": "",
    "metas": [],
    "related": [],
    "dates": [],
    "published": [],
    "offer": [],
    "page_type": "",
    "navigation": "",
    "is_menu": False,
    "is_frameset": False,
    "links": [],
}
"""Facts of a page that states nothing."""
