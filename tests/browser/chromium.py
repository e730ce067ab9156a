"""Find and observe the real browser for tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmready.crawler.browser.process import find_chromium
from llmready.crawler.browser.proxy import GuardProxy
from llmready.crawler.failures import Failure
from llmready.crawler.urls import Url
from testkit import needs


def chromium() -> Path:
    """Return the browser, or skip the test."""
    try:
        return find_chromium()
    except Failure:
        needs.missing("chromium-headless-shell")


def hosts_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which the proxy adds the host of each connection that the browser asks for."""
    asked: list[str] = []
    check = GuardProxy._check

    def checked(proxy: GuardProxy, url: Url) -> None:
        asked.append(url.host)
        check(proxy, url)

    monkeypatch.setattr(GuardProxy, "_check", checked)
    return asked


def descendants(root: int) -> dict[int, str]:
    """The processes below one, each with its command line."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: line for pid in found - {root} if (line := command_line(pid))}


def command_line(pid: int) -> str:
    """Return the command line of a running process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_browser(line: str) -> bool:
    """Whether a command line is the browser's own process, not one that it started."""
    return Path(line.partition(" ")[0]).name == chromium().name and "--type=" not in line
