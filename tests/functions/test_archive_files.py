"""Single files of an archive, changes between generations, and previews of patterns."""

import hashlib
import io
import json
import urllib.request
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmready import bootstrap
from llmready.crawler.pack.zip_file import ZipFile as CrawlerZip
from llmready.domain.archive import Archive
from llmready.domain.clock import new_id, now
from llmready.domain.generation import Generation, Progress, Status
from llmready.domain.generation_files import archive_key
from llmready.domain.rate_limits import Rate
from llmready.domain.website import Website
from llmready.patterns import Patterns
from llmready.usecases import archive_files
from llmready.worker.comparison import compare_with_last
from llmready.worker.index import index_archive, store_found, store_index
from llmready.worker.results import Taken
from testkit.emulator import Place
from testkit.people import claimed, started, with_website
from tests.functions.member import Member, member

pytestmark = pytest.mark.usefixtures("calls")

TRAVERSALS = [
    *(
        "../llms.txt",
        "md/../llms.txt",
        "%2e%2e/llms.txt",
        "..%2fllms.txt",
        "/llms.txt",
        "//llms.txt",
        "./llms.txt",
    ),
    *(
        "LLMS.TXT",
        "llms.txt%00",
        "llms.txt\x00",
        "md",
        "md/",
        "md\\start.md",
        "manifest.json/../llms.txt",
    ),
    *(
        "....//llms.txt",
        "file:///etc/passwd",
        "generations/x/1.zip",
        "1.zip",
        "%252e%252e/llms.txt",
        " ",
        "é" * 500,
    ),
]


def pages(**texts: str) -> dict[str, str]:
    """Return pages by their paths below the site."""
    return {f"/{name.replace('__', '/')}": text for name, text in texts.items()}


def files_of(site: dict[str, str], *, started_at: str = "2026-01-01T00:00:00.000Z") -> dict[str, bytes]:
    """Return the files of an archive with these pages, as the crawler writes them."""
    written = {f"md{path}.md": f"# {path}\n\n{text}\n".encode() for path, text in site.items()}
    manifest = {
        "origin": "https://example.org/",
        "started_at": started_at,
        "tokens": 99,
        "pages": [
            {
                "url": f"https://example.org{path}",
                "path": f"md{path}.md",
                "title": path.strip("/").title(),
                "sha256": hashlib.sha256(written[f"md{path}.md"]).hexdigest(),
                "bytes": len(written[f"md{path}.md"]),
                "words": len(text.split()),
                "tokens": len(text.split()) * 2,
                "section": "Guide",
            }
            for path, text in site.items()
        ],
        "failures": [],
    }
    links = "".join(f"- [{path}](https://example.org{path})\n" for path in site)
    return {
        "llms.txt": f"# Example\n\n## Guide\n\n{links}".encode(),
        "llms-full.txt": b"\n".join(written.values()),
        **written,
        "manifest.json": json.dumps(manifest).encode(),
    }


def packed(files: dict[str, bytes], folder: Path, *, by_crawler: bool = True) -> Path:
    """Write a zip as the crawler does, or as another program would."""
    path = folder / f"{new_id()}.zip"
    if by_crawler:
        with CrawlerZip(path, 10**9) as archive:
            for name, data in files.items():
                archive.add(name, data)
    else:
        with zipfile.ZipFile(path, "w") as plain:
            for number, (name, data) in enumerate(files.items()):
                info = zipfile.ZipInfo(name)
                info.extra = b"\xfe\xca\x04\x00abcd"
                info.compress_type = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
                plain.writestr(info, data)
    return path


class Shelf:
    """A website of a member whose generations complete with archives that a test makes."""

    def __init__(self, place: Place, folder: Path, who: Member) -> None:
        self.place, self.folder, self.who = place, folder, who
        self.website: Website = with_website(place, who.user, "https://example.org")

    def complete(
        self,
        files: dict[str, bytes],
        *,
        indexed: bool = True,
        by_crawler: bool = True,
        found: str = "",
        kept_days: int = 30,
    ) -> Generation:
        services, place = bootstrap.services(), self.place
        leased = claimed(place, started(place, self.who.user, self.website))
        leased = leased.model_copy(update={"files_kept_days": kept_days})
        path = packed(files, self.folder, by_crawler=by_crawler)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        key = archive_key(leased.user_id, leased.id, leased.fence)
        place.archives.store(path, key, digest)
        index = index_archive(leased, path) if indexed else None
        if index is not None:
            store_index(services, leased, index)
        if found:
            listed = self.folder / "found"
            listed.write_text(found)
            store_found(services, leased, lambda: Taken(listed, len(found), ""))
        archive = Archive(
            key=key,
            file_size=path.stat().st_size,
            total_files=len(files),
            sha256=digest,
            content_bytes=len(files["llms-full.txt"]),
            changed=compare_with_last(services, leased, index).changed,
        )
        done = leased.completed(time=now(), archive=archive, progress=Progress(pages_crawled=len(files) - 3))
        place.generations.finish(done, None, was=Status.PROCESSING)
        return done

    def get(self, generation: Generation, path: str) -> tuple[int, Any]:
        return self.who.ask("GET", f"/generations/{generation.id}{path}")


@pytest.fixture
def shelf(place: Place, tmp_path: Path) -> Shelf:
    return Shelf(place, tmp_path, member(place))


@pytest.mark.parametrize(
    ("indexed", "by_crawler"), [(True, True), (False, True), (True, False), (False, False)]
)
def test_every_file_equals_its_entry_in_the_zip(shelf: Shelf, *, indexed: bool, by_crawler: bool) -> None:
    files = files_of(pages(start="Begin here.", guide__deep="Ünïcode — and “quotes”.", a="x" * 200_000))
    generation = shelf.complete(files, indexed=indexed, by_crawler=by_crawler)
    items = shelf.get(generation, "/files")[1]["items"]
    assert [(item["path"], item["bytes"]) for item in items] == [
        (name, len(data)) for name, data in files.items()
    ]
    by_path = {item["path"]: item for item in items}
    assert by_path["md/guide/deep.md"] == {
        "path": "md/guide/deep.md",
        "bytes": len(files["md/guide/deep.md"]),
        "tokens": 8,
        "title": "Guide/Deep",
        "url": "https://example.org/guide/deep",
        "section": "Guide",
    }
    assert by_path["llms.txt"]["url"] is None
    assert by_path["llms-full.txt"]["tokens"] == 99
    for name, data in files.items():
        answer = shelf.who.raw("GET", f"/generations/{generation.id}/files/{name}")
        assert answer["statusCode"] == 200, name
        assert answer["body"].encode() == data, name
        kind = "application/json" if name == "manifest.json" else "text/markdown; charset=utf-8"
        assert answer["headers"]["Content-Type"] == kind
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        assert answer["headers"]["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_one_file_costs_one_range_request(shelf: Shelf, calls: list[str]) -> None:
    generation = shelf.complete(files_of(pages(start="Begin here.")))
    calls.clear()
    assert shelf.who.raw("GET", f"/generations/{generation.id}/files/md/start.md")["statusCode"] == 200
    assert sorted(call for call in calls if call != "GetItem") == ["BatchGetItem", "GetObject", "GetObject"]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_paths_outside_of_the_archive_return_404(shelf: Shelf, path: str) -> None:
    generation = shelf.complete(files_of(pages(start="Begin here.")))
    status, problem = shelf.get(generation, f"/files/{path}")
    assert (status, problem["code"]) in ((404, "file_not_found"), (404, "not_found")), path


def test_files_of_other_users_and_of_generations_without_files(shelf: Shelf, place: Place) -> None:
    generation = shelf.complete(files_of(pages(start="Begin here.")))
    stranger = member(place)
    running = started(place, shelf.who.user, with_website(place, shelf.who.user))
    for path in ("/files", "/files/llms.txt", "/changes"):
        for unknown in (generation.id, new_id(), "x"):
            status, problem = stranger.ask("GET", f"/generations/{unknown}{path}")
            assert (status, problem["code"]) == (404, "generation_not_found")
        status, problem = shelf.get(running, path)
        assert (status, problem["code"]) == (409, "not_completed")


def test_expired_files_are_gone(shelf: Shelf) -> None:
    first = shelf.complete(files_of(pages(start="Begin here.")), kept_days=-1)
    second = shelf.complete(files_of(pages(start="Begin there.")))
    for path in ("/files", "/files/llms.txt"):
        status, problem = shelf.get(first, path)
        assert (status, problem["code"]) == (410, "files_expired")
    status, changes = shelf.get(second, "/changes")
    assert (status, len(changes["changed"]), changes["llms_txt_diff"]) == (200, 1, None)


@pytest.mark.parametrize("text", ["1\n" * 60_000, "word " * 60_000], ids=["many lines", "many bytes"])
def test_an_llms_txt_that_no_crawler_writes_is_not_compared(shelf: Shelf, text: str) -> None:
    """The time of a comparison grows with the square of the number of lines."""
    begin = {**files_of(pages(start="Begin here.")), "llms.txt": text.encode()}
    shelf.complete(begin)
    second = shelf.complete({**begin, "llms.txt": f"# Docs\n{text}".encode()})
    status, changes = shelf.get(second, "/changes")
    assert (status, changes["llms_txt_diff"]) == (200, None)


def test_the_copy_of_a_large_manifest_is_deleted_with_its_generation(
    shelf: Shelf, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size of the manifest is not part of the size of the content."""
    monkeypatch.setattr(archive_files, "LARGEST_INLINE", 200)
    generation = shelf.complete(files_of(pages(start="Begin.")))
    assert shelf.who.raw("GET", f"/generations/{generation.id}/files/manifest.json")["statusCode"] == 302
    assert [key for key in place.stored_keys() if "extract." in key]
    assert shelf.who.ask("DELETE", f"/generations/{generation.id}")[0] == 200
    assert place.stored_keys() == []


def test_a_large_file_is_fetched_by_a_presigned_url(shelf: Shelf, place: Place) -> None:
    text = "".join(f"line {number} of a long page\n" for number in range(300_000))
    files = files_of(pages(long=text))
    generation = shelf.complete(files)
    where = f"/generations/{generation.id}/files/llms-full.txt"
    answer = shelf.who.raw("GET", where)
    assert answer["statusCode"] == 302
    status, link = shelf.who.ask("GET", f"{where}?redirect=false")
    assert (status, link["file_size"]) == (200, len(files["llms-full.txt"]))
    for url in (answer["headers"]["Location"], link["download_url"]):
        with urllib.request.urlopen(url) as response:
            assert response.read() == files["llms-full.txt"]
            assert response.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert len([key for key in place.stored_keys() if "extract." in key]) == 1
    assert shelf.who.ask("DELETE", f"/generations/{generation.id}")[0] == 200
    assert place.stored_keys() == []


def test_extractions_of_large_files_are_limited(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_files, "LARGEST_INLINE", 1000)
    names = [f"large{number}" for number in range(12)]
    generation = shelf.complete(files_of(pages(**dict.fromkeys(names, "word " * 400))))
    where = [f"/generations/{generation.id}/files/md/{name}.md" for name in names]
    assert [shelf.who.raw("GET", path)["statusCode"] for path in where] == [302] * 10 + [429] * 2
    # A file that was extracted before costs little.
    assert shelf.who.raw("GET", where[0])["statusCode"] == 302


def test_the_size_of_the_answers_to_a_user_is_limited(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmready.http.answer_sizes.SENT", Rate(50, 86_400))
    generation = shelf.complete(files_of(pages(short="Begin.", long="word " * 40_000)))
    long, short = (f"/generations/{generation.id}/files/md/{name}.md" for name in ("long", "short"))
    assert [shelf.who.raw("GET", long)["statusCode"] for _ in range(3)] == [200, 200, 429]
    assert shelf.who.raw("HEAD", long)["statusCode"] == 429
    assert shelf.who.raw("HEAD", "/generations/history?per_page=100")["statusCode"] == 200
    assert shelf.who.raw("GET", short)["statusCode"] == 200


def test_a_file_that_takes_too_long_to_extract_is_refused(
    shelf: Shelf, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_files, "LARGEST_INLINE", 1000)
    monkeypatch.setattr(archive_files, "LARGEST_EXTRACT", 1999)
    generation = shelf.complete(files_of(pages(long="word " * 400)))
    status, problem = shelf.get(generation, "/files/md/long.md")
    assert (status, problem["code"]) == (409, "file_too_large")
    assert not [key for key in place.stored_keys() if "extract." in key]


@pytest.mark.parametrize(
    ("character", "redirected"), [('"', True), ("\\", True), ("\x01", True), ("語", False), ("a", False)]
)
def test_a_file_that_exceeds_lambdas_limit_as_json_is_returned_by_a_presigned_url(
    shelf: Shelf, place: Place, character: str, *, redirected: bool
) -> None:
    text = character * (3_900_000 // len(character.encode()))
    files = {**files_of(pages(start="Begin.")), "md/long.md": text.encode()}
    files["llms-full.txt"] = files["md/long.md"]
    generation = shelf.complete(files)
    where = f"/generations/{generation.id}/files/md/long.md"
    answer = shelf.who.raw("GET", where)
    # Lambda counts the answer as JSON.
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 6_000_000
    if not redirected:
        assert (answer["statusCode"], answer["body"]) == (200, text)
        return
    assert answer["statusCode"] == 302
    status, link = shelf.who.ask("GET", f"{where}?redirect=false")
    assert (status, link["file_size"]) == (200, len(files["md/long.md"]))
    with urllib.request.urlopen(link["download_url"]) as response:
        assert response.read() == files["md/long.md"]
    assert shelf.who.ask("DELETE", f"/generations/{generation.id}")[0] == 200
    assert place.stored_keys() == []


def test_broken_or_missing_archive_answers_410(shelf: Shelf, place: Place) -> None:
    generation = shelf.complete(files_of(pages(start="Begin here.")), indexed=False)
    assert generation.archive is not None
    place.s3.put_object(Bucket=place.name, Key=generation.archive.key, Body=b"PK no zip at all" * 100)
    assert shelf.get(generation, "/files")[0] == 410
    place.archives.delete([generation.archive.key])
    assert shelf.get(generation, "/files/llms.txt")[0] == 410


def test_changes_since_the_generation_before(shelf: Shelf) -> None:
    first = shelf.complete(files_of(pages(start="Begin here.", same="Stays.", gone="Goes away.")))
    second = shelf.complete(files_of(pages(start="Begin over there.", same="Stays.", fresh="Is new.")))
    assert shelf.get(first, "")[1]["changed"] is True
    assert shelf.get(second, "")[1]["changed"] is True
    status, changes = shelf.get(second, "/changes")
    assert status == 200
    diff = changes.pop("llms_txt_diff")
    assert changes == {
        "since": first.id,
        "added": [{"url": "https://example.org/fresh", "title": "Fresh"}],
        "removed": [{"url": "https://example.org/gone", "title": "Gone"}],
        "changed": [
            {"url": "https://example.org/start", "title": "Start", "words_before": 2, "words_after": 3}
        ],
        "unchanged": 1,
    }
    assert "-- [/gone](https://example.org/gone)\n" in diff
    assert "+- [/fresh](https://example.org/fresh)\n" in diff
    assert diff.startswith(f"--- {first.id}/llms.txt\n+++ {second.id}/llms.txt\n@@")


@pytest.mark.parametrize("indexed", [True, False])
def test_changes_of_archives_with_and_without_an_index(shelf: Shelf, *, indexed: bool) -> None:
    shelf.complete(files_of(pages(start="Begin here.")), indexed=False)
    second = shelf.complete(files_of(pages(start="Begin there.")), indexed=indexed)
    assert [page["url"] for page in shelf.get(second, "/changes")[1]["changed"]] == [
        "https://example.org/start"
    ]


def test_equal_files_count_as_unchanged_despite_new_times(shelf: Shelf) -> None:
    site = pages(start="Begin here.")
    shelf.complete(files_of(site))
    second = shelf.complete(files_of(site, started_at="2027-05-05T05:05:05.000Z"))
    assert shelf.get(second, "")[1]["changed"] is False
    status, changes = shelf.get(second, "/changes")
    assert (status, changes["unchanged"], changes["llms_txt_diff"]) == (200, 1, "")
    assert [changes[name] for name in ("added", "removed", "changed")] == [[], [], []]


def test_changes_since_another_generation(shelf: Shelf, place: Place) -> None:
    first = shelf.complete(files_of(pages(start="One.")))
    status, problem = shelf.get(first, "/changes")
    assert (status, problem["code"]) == (404, "no_earlier_generation")
    shelf.complete(files_of(pages(start="Two.")))
    third = shelf.complete(files_of(pages(start="One.")))
    assert shelf.get(third, f"/changes?since={first.id}")[1]["unchanged"] == 1
    assert len(shelf.get(third, "/changes")[1]["changed"]) == 1

    stranger = Shelf(place, shelf.folder, member(place))
    foreign = stranger.complete(files_of(pages(start="Theirs.")))
    other_site = started(place, shelf.who.user, with_website(place, shelf.who.user))
    for since in (foreign.id, new_id(), "x", "../1"):
        status, problem = shelf.get(third, f"/changes?since={since}")
        assert (status, problem["code"]) == (404, "generation_not_found"), since
    status, problem = shelf.get(third, f"/changes?since={other_site.id}")
    assert (status, problem["errors"][0]["field"]) == (422, "since")


def test_a_preview_counts_the_pages_that_patterns_select(shelf: Shelf) -> None:
    path = f"/websites/{shelf.website.id}/preview"
    status, problem = shelf.who.ask("POST", path, {})
    assert (status, problem["code"]) == (409, "no_generation")
    found = ["/", *(f"/docs/{number}" for number in range(30)), "/blog/a?page=2"]
    shelf.complete(files_of(pages(start="Begin here.")), found="".join(f"{target}\n" for target in found))
    status, preview = shelf.who.ask("POST", path, {"include_patterns": ["/docs/*"]})
    assert (status, preview["kept"], preview["excluded"]) == (200, 30, 2)
    assert len(preview["examples_kept"]) == 20
    assert preview["examples_excluded"] == ["https://example.org/", "https://example.org/blog/a?page=2"]
    assert shelf.who.ask("POST", path, {"exclude_patterns": "blog, /docs/1*"})[1]["kept"] == 20
    assert shelf.who.ask("POST", path, {})[1]["kept"] == 32
    shelf.who.ask("PATCH", f"/websites/{shelf.website.id}", {"exclude_patterns": ["blog"]})
    assert shelf.who.ask("POST", path, {})[1]["excluded"] == 1
    assert shelf.who.ask("POST", path, {"exclude_patterns": []})[1]["excluded"] == 0


def test_a_preview_of_an_older_generation_uses_its_pages(shelf: Shelf) -> None:
    shelf.complete(files_of(pages(start="Begin here.", blog__a="A post.")))
    preview = shelf.who.ask("POST", f"/websites/{shelf.website.id}/preview", {"exclude_patterns": ["blog"]})[
        1
    ]
    assert (preview["kept"], preview["examples_excluded"]) == (1, ["https://example.org/blog/a"])


@pytest.mark.parametrize(
    "body",
    [
        {"include_patterns": 7},
        {"include_patterns": ["a\x00"]},
        {"include": ["x"]},
        {"exclude_patterns": ["x"] * 51},
    ],
)
def test_previews_with_bad_patterns(shelf: Shelf, body: dict[str, Any]) -> None:
    assert shelf.who.ask("POST", f"/websites/{shelf.website.id}/preview", body)[0] == 422
    other = member(shelf.place)
    assert other.ask("POST", f"/websites/{shelf.website.id}/preview", {})[0] == 404


def test_a_zip_bomb_is_not_unpacked(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmready.domain.file_index._LARGEST_HASHED", 1_000_000)
    files = files_of(pages(start="Begin here."))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, "bomb.txt": bytes(10_000_000)}.items():
            archive.writestr(name, data)
    (tmp_path / "bomb.zip").write_bytes(buffer.getvalue())
    leased = claimed(shelf.place, started(shelf.place, shelf.who.user, shelf.website))
    assert index_archive(leased, tmp_path / "bomb.zip") is None


def test_previews_are_limited_and_end_in_time(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/websites/{shelf.website.id}/preview"
    shelf.complete(files_of(pages(start="Begin here.")), found="/a\n")
    monkeypatch.setattr("llmready.usecases.preview_patterns._SECONDS", -1.0)
    status, problem = shelf.who.ask("POST", path, {"include_patterns": ["/a*"]})
    assert (status, "take too long" in problem["detail"]) == (422, True)
    monkeypatch.undo()
    statuses = [shelf.who.ask("POST", path, {"include_patterns": ["/a*"]})[0] for _ in range(40)]
    assert (statuses[0], 429 in statuses) == (200, True)


def test_a_preview_of_slow_patterns_ends_at_the_first_target_after_its_time(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    matched: list[str] = []

    def wants(_: Patterns, target: str) -> bool:
        matched.append(target)
        ticks.pop()
        return True

    shelf.complete(
        files_of(pages(start="Begin here.")), found="".join(f"/{number}\n" for number in range(90))
    )
    ticks = list(range(100))
    monkeypatch.setattr("llmready.usecases.preview_patterns.Patterns.wants", wants)
    # Each target takes one second of this clock.
    monkeypatch.setattr(
        "llmready.usecases.preview_patterns.time", SimpleNamespace(monotonic=lambda: 100 - len(ticks))
    )
    status, problem = shelf.who.ask("POST", f"/websites/{shelf.website.id}/preview", {})
    assert (status, "take too long" in problem["detail"]) == (422, True)
    assert len(matched) <= 6
