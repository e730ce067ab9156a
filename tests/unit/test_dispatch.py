"""The number and kinds of tasks that the dispatcher starts."""

import pytest

from llmready.domain.generation import Generation, Status
from llmready.ports.tasks import TaskCounts, TaskKind
from llmready.usecases.dispatch import missing_tasks
from testkit.people import new_generation, new_user, new_website


def _jobs(plain: int, running: int, browser: int) -> list[Generation]:
    """Return waiting plain generations, running plain generations, and generations that need a browser."""
    user = new_user()
    page, app = new_website(user), new_website(user, use_playwright=True)
    return [
        *(new_generation(user, page) for _ in range(plain)),
        *(new_generation(user, page, status=Status.PROCESSING) for _ in range(running)),
        *(new_generation(user, app) for _ in range(browser)),
    ]


@pytest.mark.parametrize(
    ("plain", "running", "browser", "alive", "started"),
    [
        pytest.param(0, 0, 0, TaskCounts(), (0, 0), id="nothing to do"),
        pytest.param(3, 0, 0, TaskCounts(), (3, 0), id="plain ones alone"),
        pytest.param(0, 0, 2, TaskCounts(), (0, 2), id="such as need a browser alone"),
        pytest.param(3, 0, 2, TaskCounts(), (3, 2), id="both"),
        pytest.param(2, 1, 1, TaskCounts(plain=1, browser=1), (2, 0), id="as many as are missing"),
        pytest.param(1, 0, 0, TaskCounts(browser=1), (0, 0), id="a browser's task does plain ones, too"),
        pytest.param(1, 0, 0, TaskCounts(warm=1), (0, 0), id="so does a warm one"),
        pytest.param(0, 0, 1, TaskCounts(plain=1), (0, 1), id="a plain task does none with a browser"),
        pytest.param(0, 1, 1, TaskCounts(browser=1), (0, 1), id="a browser's task that is at a plain one"),
        pytest.param(9, 0, 0, TaskCounts(), (5, 1), id="the last task has a browser"),
        pytest.param(4, 5, 0, TaskCounts(plain=5), (0, 1), id="the last one that is missing, too"),
        pytest.param(9, 0, 9, TaskCounts(), (0, 6), id="more of both than there may be tasks"),
        pytest.param(9, 6, 9, TaskCounts(plain=5, browser=1), (0, 0), id="as many tasks as there may be"),
        pytest.param(9, 6, 9, TaskCounts(plain=5, browser=3), (0, 0), id="more of them"),
    ],
)
def test_six_tasks_at_most(
    plain: int, running: int, browser: int, alive: TaskCounts, started: tuple[int, int]
) -> None:
    found = missing_tasks(_jobs(plain, running, browser), alive, max_tasks=6, warm_tasks=0)
    assert found == {TaskKind.PLAIN: started[0], TaskKind.BROWSER: started[1], TaskKind.WARM: 0}


def test_a_single_task_has_a_browser() -> None:
    found = missing_tasks(_jobs(1, 0, 0), TaskCounts(), max_tasks=1, warm_tasks=0)
    assert found == {TaskKind.PLAIN: 0, TaskKind.BROWSER: 1, TaskKind.WARM: 0}


def test_warm_tasks_are_kept_as_far_as_there_is_room() -> None:
    found = missing_tasks(_jobs(1, 0, 0), TaskCounts(warm=1), max_tasks=3, warm_tasks=5)
    assert found == {TaskKind.PLAIN: 0, TaskKind.BROWSER: 0, TaskKind.WARM: 2}
