"""Twenty sites of different kinds, with the results that their owners expect."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from llms_txt import parse_llms_file

from llmready.crawler.pack.generic_names import is_placeholder, is_site_name
from testkit.crawler_program import call
from testkit.made_sites import MADE
from testkit.owned_site import OwnedSite
from testkit.packaged_sites import PACKAGED
from testkit.packages import MissingPackageError
from testkit.serving import serving

_NOTE = re.compile(r"(?:\d{4}-\d\d(?:-\d\d)?: )?(.*)", re.DOTALL)


@pytest.mark.parametrize("site", [*MADE, *PACKAGED], ids=lambda site: site.kind)
def test_an_owner_finds_the_sites_own_name_sections_and_order(site: OwnedSite, tmp_path: Path) -> None:
    try:
        answering = site.answering()
    except MissingPackageError as missing:
        pytest.skip(str(missing))
    with serving(answering) as server:
        done = call(server.url + site.start, tmp_path, "--max-pages=40", allow=server.address).completed()
        parsed = parse_llms_file(done.llms)
        sections = {
            title: [link.url.removeprefix(server.url) for link in links]
            for title, links in parsed.sections.items()
        }
    assert parsed.title == site.name
    assert is_site_name(parsed.title)
    assert [title for title in sections if title in site.sections] == list(site.sections)
    for title, paths in site.sections.items():
        assert [path for path in sections[title] if path in paths] == list(paths), title
    listed = [link for links in parsed.sections.values() for link in links]
    assert [link.title for link in listed if is_placeholder(link.title)] == []
    notes = Counter(_NOTE.fullmatch(link.desc)[1] for link in listed if link.desc)  # type: ignore[index]
    assert [note for note, count in notes.items() if count > 1] == []
