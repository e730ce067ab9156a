from collections.abc import Iterator

import pytest

from testkit.ports import free_port
from testkit.sites import Site, numbered, serve
from testkit.system import Person, System

# One port for each site of a test, because the allowed hosts are set when the system starts.
SITE_PORTS = [free_port() for _ in range(12)]


@pytest.fixture(scope="session")
def site_ports() -> list[int]:
    return SITE_PORTS


@pytest.fixture(scope="session")
def small_site() -> Iterator[Site]:
    """Twelve pages."""
    with serve(numbered(12)) as site:
        yield site


@pytest.fixture(scope="session")
def slow_site() -> Iterator[Site]:
    """Sixty pages with slow responses."""
    with serve(numbered(60), latency=0.4) as site:
        yield site


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, small_site: Site, slow_site: Site) -> Iterator[System]:
    """The whole system, running."""
    own = free_port()
    sites = [small_site.host, slow_site.host, *(f"127.0.0.1:{port}" for port in SITE_PORTS)]
    allow = ",".join([*sites, f"localhost:{own}"])
    running = System(tmp_path_factory.mktemp("local"), allow=allow, port=own).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def person(system: System) -> Person:
    return system.user()
