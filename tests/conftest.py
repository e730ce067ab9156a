import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from testkit.emulator import Emulator, Place, running_ministack

TESTS = Path(__file__).parent
SHARED_SYSTEM = {"e2e", "web", "image"}
"""Folders whose tests share something that takes long to start."""


def pytest_configure() -> None:
    """Restore SIGINT, which shells ignore for background processes, so that tests can interrupt programs.

    Property tests have no deadline, because the time of one call depends on the load of the machine.
    """
    settings.register_profile("without deadline", deadline=None)
    settings.load_profile("without deadline")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Groups(LoadScopeScheduling):  # type: ignore[misc] # pytest-xdist has no types
    """Runs the tests of a file, and those that share a running system, in one process each."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.removeprefix("tests/").partition("/")[0]
        return folder if folder in SHARED_SYSTEM else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups:
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the large groups first, so that no process waits for the last of them at the end."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in SHARED_SYSTEM)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One ministack for the whole run."""
    with running_ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running


@pytest.fixture
def place(emulator: Emulator) -> Place:
    """A table, a bucket and queues that only this test uses."""
    return emulator.place()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded."""
    figures = [
        str(value)
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "figure" and report.when == "call"
    ]
    if figures:
        terminalreporter.section("figures")
        for figure in figures:
            terminalreporter.write_line(figure)
