"""The images, built once per run. If the machine lacks a program for this, the tests are skipped and name it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.image.engine import Buildah, Target
from testkit import needs
from testkit.emulator import Emulator, Place
from tests.image.fargate import Task
from tests.image.fence import Fence, fenced

# Podman looks for it in one place beside PATH.
INIT = Path("/usr/libexec/podman/catatonit")


@pytest.fixture(scope="session")
def image() -> Callable[[Target], str]:
    """Build a target of the Dockerfile and return the image's name."""
    needs.programs(
        {
            "buildah": "buildah",
            "podman": "podman",
            "runc": "runc",
            "mmdebstrap": "mmdebstrap",
            "ip": "iproute2",
            **({} if INIT.exists() else {"catatonit": "catatonit"}),
        }
    )
    needs.namespaces()
    return Buildah().build


@pytest.fixture(scope="session")
def plain(image: Callable[[Target], str]) -> str:
    return image("plain")


@pytest.fixture(scope="session")
def browser(image: Callable[[Target], str]) -> str:
    return image("browser")


@pytest.fixture
def fence(emulator: Emulator) -> Iterator[Fence]:
    """A network in which the emulator can be reached."""
    assert emulator.endpoint is not None
    with fenced() as made:
        made.door(int(emulator.endpoint.rpartition(":")[2]))
        yield made


@pytest.fixture
def start_task(fence: Fence, place: Place, tmp_path: Path) -> Iterator[Callable[..., Task]]:
    """Start tasks, which are removed at the end of the test."""
    running: list[Task] = []

    def start(image: str, **settings: object) -> Task:
        running.append(Task(image, fence, place, tmp_path, **settings))  # type: ignore[arg-type]
        return running[-1].start()

    yield start
    for task in running:
        task.remove()
