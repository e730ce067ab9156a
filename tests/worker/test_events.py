"""The interface between crawler and worker: the worker can parse each event that the crawler writes."""

import json
from pathlib import Path

import pytest

from llmready.worker.events import Failed, PageFailed, Progressed, Started, event_from
from testkit.crawler_program import call
from testkit.serving import Answer, links, page, serving

LONG = "/" + "long-" * 390


@pytest.mark.parametrize("status", [404, 302, 500])
def test_failed_long_address_is_reported(status: int, tmp_path: Path) -> None:
    with serving(lambda _: Answer(status=status, headers={"Location": f"{LONG}?again"})) as site:
        run = call(f"{site.url}{LONG}", tmp_path, allow=site.address)
    events = [event_from(json.dumps(event).encode()) for event in run.events]
    assert None not in events
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert failed.detail.startswith(("http://127.0.0.1", "The"))
    assert failed.detail.endswith(".")


def test_every_event_of_a_crawl_is_parsed(tmp_path: Path) -> None:
    broken = [f"{LONG}{number}" for number in range(4)]
    pages: dict[str, Answer | str] = {
        "/": page("Home", links(*broken, "/good", "/caf\u00e9", "/a'b\u2028c")),
        "/good": page("Good"),
        broken[0]: Answer(status=302, headers={"Location": broken[0]}),
    }
    with serving(pages) as site:
        run = call(site.url, tmp_path, "--zip").completed()
    events = [event_from(json.dumps(event).encode()) for event in run.events]
    assert None not in events
    assert {type(event) for event in events} >= {Started, Progressed, PageFailed}
    assert len([event for event in events if isinstance(event, PageFailed)]) == run.last["pages_failed"] == 6
