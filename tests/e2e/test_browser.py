"""Generations that need a browser run in a separate kind of task."""

import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from testkit.sites import Site, drawn_by_script, serve
from testkit.system import System
from tests.browser.chromium import chromium

pytestmark = pytest.mark.e2e


@pytest.fixture
def app(site_ports: list[int]) -> Iterator[Site]:
    with serve(drawn_by_script, port=site_ports[-2]) as site:
        yield site


def tasks_with_a_browser(system: System) -> dict[str, bool]:
    """Return for each running task whether it has a browser."""
    ecs = system.aws("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    arns = ecs.list_tasks(cluster=cluster)["taskArns"]
    found = {}
    for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []:
        answer = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])
        (container,) = answer["taskDefinition"]["containerDefinitions"]
        variables = {entry["name"]: entry["value"] for entry in container["environment"]}
        found[task["taskArn"].rpartition("/")[2]] = variables["LLMREADY_BROWSER"] == "true"
    return found


def worker_of(system: System, generation: str) -> str:
    """Return the task whose worker crawled a generation."""
    (log,) = [path for path in (system.data / "log").glob("worker-*.log") if generation in path.read_text()]
    return log.stem.removeprefix("worker-")


def test_pages_rendered_by_scripts(system: System, small_site: Site, app: Site) -> None:
    chromium()
    person = system.user("pro")
    plain = person.start(person.website(small_site.url))
    assert person.finished(plain)["status"] == "completed"
    assert tasks_with_a_browser(system)[worker_of(system, plain)] is False

    generation = person.start(person.website(app.url, use_playwright=True))
    done = person.finished(generation)
    assert done["status"] == "completed", done
    assert tasks_with_a_browser(system)[worker_of(system, generation)] is True
    location = person.http.get(f"/generations/{generation}/download").headers["Location"]
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(location).content))
    assert "The sum is 42." in archive.read("llms-full.txt").decode()
