import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from testkit.emulator import Emulator, Place, running_ministack

TESTS = Path(__file__).parent
SHARED_SYSTEM = {"e2e", "web", "image"}
"""Folders whose tests share something that takes long to start."""


def pytest_configure() -> None:
    """Let programs be interrupted also where the tests run in the background, which ignores SIGINT for all.

    Property tests have no deadline, because the time of one call depends on the load of the machine.
    """
    settings.register_profile("without deadline", deadline=None)
    settings.load_profile("without deadline")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share a running system, or the fixtures of a file, in one process.

    The large groups come first, so that no process waits for the last of them at the end.
    """
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in SHARED_SYSTEM)
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        item.add_marker(pytest.mark.xdist_group(folder if folder in SHARED_SYSTEM else str(item.path)))


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One ministack for the whole run."""
    with running_ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running


@pytest.fixture
def place(emulator: Emulator) -> Place:
    """A table, a bucket and queues that the test has for itself."""
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
