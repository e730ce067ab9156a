"""After a crash of a worker or a stop of the system, no generation is lost or charged twice."""

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from testkit.sites import Site, numbered, serve
from testkit.system import System, wait_for

pytestmark = pytest.mark.e2e


def test_a_killed_worker_is_replaced(system: System, slow_site: Site) -> None:
    person = system.user("pro")
    generation = person.start(person.website(slow_site.url))
    wait_for(lambda: person.generation(generation)["pages_crawled"] > 5)
    for pid in _processes("-m llmready.worker", marker=str(system.data)):
        os.kill(pid, signal.SIGKILL)
    found = person.finished(generation, within=180)
    assert found["status"] == "completed", found
    assert found["pages_crawled"] == 60
    assert person.quota()["generations_used"] == 1
    assert not _processes("-m llmready.crawler", marker=str(system.data))


def test_a_cancelled_generation_stops_and_costs_nothing(system: System, slow_site: Site) -> None:
    person = system.user("pro")
    website = person.website(slow_site.url)
    generation = person.start(website)
    wait_for(lambda: person.generation(generation)["pages_crawled"] > 5)
    assert person.http.post(f"/generations/{generation}/cancel").status_code == 202
    wait_for(lambda: person.generation(generation)["status"] == "cancelled", within=10)
    wait_for(lambda: not _processes("-m llmready.crawler", marker=str(system.data)), within=10)
    assert person.quota()["generations_used"] == 0
    assert person.http.get("/generations/history", params={"status": "cancelled"}).json()["total"] == 1
    again = person.start(website)
    assert person.http.post(f"/generations/{again}/cancel").status_code == 202


def test_data_outlives_a_restart_and_nothing_is_left_running(tmp_path: Path) -> None:
    with serve(numbered(3)) as site:
        first = System(tmp_path / "data", allow=site.host).start()
        person = first.confirm(first.user())
        generation = person.start(person.website(site.url))
        assert person.finished(generation)["status"] == "completed"
        ready = "your files are ready"
        first.mail_to(person.email, ready)
        emulator = int(first.endpoints["aws"].rsplit(":", 1)[1])
        assert first.stop() == 0
        assert not _processes("", marker=str(first.data))
        for port in (first.port, emulator):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))

        second = System(tmp_path / "data", allow=site.host, port=first.port).start()
        try:
            person = second.returning(person)
            assert person.generation(generation)["can_download"]
            assert person.http.get("/generations/history").json()["total"] == 1
            assert person.quota()["generations_used"] == 1
            location = person.http.get(f"/generations/{generation}/download").headers["Location"]
            assert httpx.get(location).status_code == 200
            assert sum(ready in mail for mail in second.mails()) == 1
        finally:
            assert second.stop() == 0


def _processes(command: str, *, marker: str) -> list[int]:
    """Return the IDs of our processes for a data folder whose command line contains ``command``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            cwd = str((entry / "cwd").readlink())
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if command in line and marker in f"{cwd} {environment} {line}":
            found.append(int(entry.name))
    return found
