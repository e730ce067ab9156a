"""The layout web-root in folders with other files, such as Git checkouts and web roots."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from llmready.crawler.pack.folder import RECORD, FolderError, put_files
from llmready.crawler.pack.web_root import web_root
from testkit.crawler_program import run
from testkit.sites import numbered, serve

MANIFEST = {
    "origin": "https://example.com/docs/",
    "pages": [
        {"url": "https://example.com/guide/", "path": "md/guide/index.md", "title": "The [guide]"},
        {"url": "https://example.com/page.html", "path": "md/page.md", "title": "A page"},
    ],
}
ARCHIVE = {
    "manifest.json": json.dumps(MANIFEST).encode(),
    "llms.txt": b"# Docs\n\n- [Guide](https://example.com/md/guide/index.md)\n",
    "llms-full.txt": b"all",
    "md/guide/index.md": b"# Guide\n",
    "md/page.md": b"# Page\n",
    "md/sitemap.md": b"# A page called sitemap\n",
}


def test_pages_are_stored_at_the_paths_of_their_urls() -> None:
    files = web_root(ARCHIVE)
    assert sorted(files) == [
        "guide/index.md",
        "llms-full.txt",
        "llms.txt",
        "page.md",
        "sitemap-2.md",
        "sitemap.md",
    ]
    assert files["llms.txt"] == b"# Docs\n\n- [Guide](https://example.com/guide/index.md)\n"
    assert files["sitemap.md"].decode() == (
        "# Sitemap\n\n- [The &#91;guide&#93;](<https://example.com/guide/>)\n- [A page](<https://example.com/page.html>)\n"
    )


def test_pages_never_replace_index_files_on_any_file_system(tmp_path: Path) -> None:
    index = (
        b"- [A](https://example.com/md/llms.txt/foo.md)\n- [B](https://example.com/md/Sitemap.md)\n"
        b"- [C](https://example.com/md/LLMS-full.txt/x.md)\n- [D](https://example.com/md/caf%C3%A9.md)\n"
    )
    pages = {
        "md/llms.txt/foo.md": b"A",
        "md/Sitemap.md": b"B",
        "md/LLMS-full.txt/x.md": b"C",
        "md/caf\u00e9.md": b"D",
    }
    files = web_root({**ARCHIVE, "llms.txt": index, **pages})
    assert [path for path in files if files[path] in pages.values()] == [
        "LLMS-full.txt-2/x.md",
        "Sitemap-2.md",
        "caf\u00e9.md",
        "llms.txt-2/foo.md",
    ]
    assert files["llms.txt"] == (
        b"- [A](https://example.com/llms.txt-2/foo.md)\n- [B](https://example.com/Sitemap-2.md)\n"
        b"- [C](https://example.com/LLMS-full.txt-2/x.md)\n- [D](https://example.com/caf%C3%A9.md)\n"
    )
    put_files(tmp_path, files)
    assert not put_files(tmp_path, files).any


def test_names_and_titles_are_plain_text_in_the_site_map() -> None:
    tag = "<img src=x onerror=alert(1)>"
    manifest = {
        "origin": "https://example.com/",
        "site_name": f"A\n\n{tag}",
        "pages": [
            {"url": "https://example.com/1", "title": f"{tag}\u2028\u2028<\u200b{tag[1:]}"},
            {"url": "https://example.com/2", "title": "x](javascript:alert(1)) [y"},
            {"url": "https://example.com/3", "title": "Folders in C:\\"},
        ],
    }
    text = web_root({"manifest.json": json.dumps(manifest).encode()})["sitemap.md"].decode()
    rendered = LexborHTMLParser(MarkdownIt("commonmark", {"html": True}).render(text))
    assert rendered.css_first("img") is None
    assert [node.text() for node in rendered.css("h1")] == [f"A {tag}"]
    assert {node.attributes["href"]: node.text() for node in rendered.css("a")} == {
        "https://example.com/1": f"{tag} {tag}",
        "https://example.com/2": "x](javascript:alert(1)) [y",
        "https://example.com/3": "Folders in C:\\",
    }


def test_only_own_files_are_replaced_and_removed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("theirs")
    first = put_files(tmp_path, {"llms.txt": b"1", "a/b.md": b"b", "c.md": b"c"})
    assert first.added == ("a/b.md", "c.md", "llms.txt")
    second = put_files(tmp_path, {"llms.txt": b"2", "c.md": b"c"})
    assert (second.added, second.changed, second.removed) == ((), ("llms.txt",), ("a/b.md",))
    assert not (tmp_path / "a").exists()
    assert not put_files(tmp_path, {"llms.txt": b"2", "c.md": b"c"}).any
    assert sorted(path.name for path in tmp_path.iterdir()) == [RECORD, "c.md", "index.html", "llms.txt"]


def test_a_conflicting_file_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "llms.txt").write_text("written by hand")
    with pytest.raises(FolderError, match=r"Nothing was changed.*llms\.txt"):
        put_files(tmp_path, {"llms.txt": b"ours", "a.md": b"a"})
    assert [path.name for path in tmp_path.iterdir()] == ["llms.txt"]
    put_files(tmp_path, {"llms.txt": b"ours", "a.md": b"a"}, force=True)
    assert (tmp_path / "llms.txt").read_bytes() == b"ours"


def test_an_edited_file_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    put_files(tmp_path, {"a.md": b"a", "b.md": b"b"})
    (tmp_path / "a.md").write_text("edited")
    for files in ({"a.md": b"new", "b.md": b"b"}, {"b.md": b"b"}):
        with pytest.raises(FolderError, match=r"a\.md"):
            put_files(tmp_path, files)
    assert (tmp_path / "a.md").read_text() == "edited"


@pytest.mark.parametrize(
    "path", ["../out.md", "/etc/x", "a/../../b.md", "a//b.md", "a\\b.md", "./a.md", "a\0b.md"]
)
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "inner"
    with pytest.raises(FolderError, match="out of its folder"):
        put_files(folder, {path: b"x"})
    assert not folder.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (folder / "docs").symlink_to(outside)
    (folder / "llms.txt").symlink_to(outside / "secret")
    for path in ("docs/a.md", "llms.txt"):
        with pytest.raises(FolderError, match="symbolic link, not a"):
            put_files(folder, {path: b"x"}, force=True)
    assert list(outside.iterdir()) == []


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    left = tmp_path / ".llmready-new-left"
    left.mkdir()
    (left / "0").write_text("half")
    put_files(tmp_path, {"a.md": b"a"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [RECORD, "a.md"]


@pytest.mark.parametrize("steps", range(5))
def test_a_run_after_an_interrupted_one_continues_it(tmp_path: Path, steps: int) -> None:
    """A process is killed after some steps; the next run has the files of a newer generation."""
    put_files(tmp_path, {"a.md": b"a1", "b.md": b"b1", "gone.md": b"1"})
    program = f"""
import os, sys
from pathlib import Path
from llmready.crawler.pack.folder import put_files
replace, left = Path.replace, [{steps}]
def dying(self, target):
    if left[0] == 0:
        os._exit(9)
    left[0] -= 1
    return replace(self, target)
Path.replace = dying
put_files(Path(sys.argv[1]), {{"a.md": b"a2", "b.md": b"b2", "new.md": b"2"}})
"""
    killed = subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert killed.returncode == 9
    for content in (b"a1", b"a2"), (b"b1", b"b2"):
        assert (tmp_path / f"{content[0][:1].decode()}.md").read_bytes() in content
    # Files that were already replaced do not count as edited by somebody else.
    put_files(tmp_path, {"a.md": b"a3", "b.md": b"b3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [RECORD, "a.md", "b.md"]
    assert (tmp_path / "a.md").read_bytes() == b"a3"
    assert not put_files(tmp_path, {"a.md": b"a3", "b.md": b"b3"}).any
    (tmp_path / "a.md").write_text("edited")
    with pytest.raises(FolderError, match="Nothing was changed"):
        put_files(tmp_path, {"a.md": b"a4", "b.md": b"b3"})


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may mount a small file system, which fills up; run the test as root"
)
def test_a_full_disk_changes_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this container may mount no file system; run the test where mount is allowed")
    try:
        put_files(folder, {"a.md": b"a"})
        with pytest.raises(OSError, match="No space left"):
            put_files(folder, {"a.md": b"new", "big.md": b"x" * 200_000})
        assert (folder / "a.md").read_bytes() == b"a"
        assert sorted(path.name for path in folder.iterdir()) == [RECORD, "a.md"]
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_crawl_writes_into_a_git_checkout_and_git_sees_only_its_files(tmp_path: Path) -> None:
    checkout = tmp_path / "out"
    checkout.mkdir()

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout

    git("init", "-q")
    (checkout / "index.html").write_text("theirs")
    git("add", ".")
    git("commit", "-qm", "theirs")
    with serve(numbered(3)) as site:
        for changed in (True, False):
            done = run(site.url, tmp_path, "--layout", "web-root")
            assert done.code == 0, done.stderr
            assert bool(git("status", "--porcelain")) is changed
            git("add", ".")
            git("commit", "-qm", "files", "--allow-empty")
    names = git("ls-files").split()
    assert {"index.html", "llms.txt", "llms-full.txt", "sitemap.md", "index.md"} <= set(names)
