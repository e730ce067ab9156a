"""All interleavings of processes that change a generation: workers with outdated data, dead letters, the user."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from llmready.domain.archive import Archive
from llmready.domain.clock import now
from llmready.domain.errors import Conflict, LeaseLost
from llmready.domain.generation import MOVES, Failure, Generation, Progress, Status
from llmready.services import Services
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.end_generation import complete_generation, fail_generation
from llmready.usecases.give_up_generation import give_up_generation
from testkit.books import check_books
from testkit.emulator import Emulator, Place
from testkit.people import LEASE, registered, started, with_website

ARCHIVE = Archive(key="k", file_size=1, total_files=4, sha256="0" * 64, content_bytes=1)
FAILURE = Failure(code="server_error", message="The site is down.")


def test_only_pending_and_processing_generations_change_state() -> None:
    assert {status for status in Status if not status.is_final} == {Status.PENDING, Status.PROCESSING}
    assert Status.COMPLETED not in MOVES[Status.PENDING]


def moves_in(place: Place) -> type[RuleBasedStateMachine]:  # noqa: C901 - one small rule a move
    """Return the state machine of all changes, run against the given resources."""

    class Moves(RuleBasedStateMachine):
        held = Bundle("held")

        def __init__(self) -> None:
            super().__init__()
            self.user = registered(place)
            self.website = with_website(place, self.user)
            self.generation = started(place, self.user, self.website)
            self.time = now()
            self.last = self.generation

        @rule(target=held)
        def read(self) -> Generation:
            return self.last

        @rule(target=held, known=held)
        def claim(self, known: Generation) -> Generation:
            try:
                claimed = known.claimed(time=self.time, lease=LEASE)
                place.generations.claim(known, claimed)
            except (Conflict, LeaseLost):
                return known
            assert claimed.fence == self.last.fence + 1
            return claimed

        @rule(known=held, crawled=st.integers(0, 9))
        def heartbeat(self, known: Generation, crawled: int) -> None:
            lease = self.time + LEASE
            progress = Progress(pages_crawled=crawled, total_pages=9)
            try:
                place.generations.heartbeat(known, lease_expires_at=lease, progress=progress)
            except LeaseLost:
                return
            assert (self.last.status, self.last.fence) == (Status.PROCESSING, known.fence)

        @rule(known=consumes(held), counts=st.booleans())
        def hand_back(self, known: Generation, *, counts: bool) -> None:
            self.move(
                known,
                lambda: place.generations.hand_back(
                    known.handed_back(failure=FAILURE, attempt_counts=counts)
                ),
            )

        @rule(known=held)
        def complete(self, known: Generation) -> None:
            self.move(
                known,
                lambda: complete_generation(
                    self.services(), known, archive=ARCHIVE, progress=Progress(pages_crawled=3, total_pages=3)
                ),
            )

        @rule(known=held)
        def fail(self, known: Generation) -> None:
            self.move(known, lambda: fail_generation(self.services(), known, FAILURE))

        @rule()
        def dead_letter(self) -> None:
            give_up_generation(self.services(), self.user.id, self.generation.id)

        @rule()
        def cancel(self) -> None:
            before = self.last.status
            try:
                cancel_generation(self.services(), self.generation)
            except Conflict:
                assert before in (Status.COMPLETED, Status.FAILED)
            else:
                assert before not in (Status.COMPLETED, Status.FAILED)

        @rule(seconds=st.sampled_from([1, 29, 31, 90]))
        def wait(self, seconds: int) -> None:
            self.time += timedelta(seconds=seconds)

        @rule()
        def start_again(self) -> None:
            if self.last.status.is_final:
                self.generation = self.last = started(place, self.user, self.website)

        def services(self) -> Services:
            return place.services_at(self.time)

        def move(self, known: Generation, attempt: Any) -> None:
            """A change is allowed only with the stored fence and the stored state."""
            try:
                attempt()
            except (Conflict, LeaseLost):
                return
            if known.id == self.generation.id:
                assert (known.fence, known.status) == (self.last.fence, self.last.status)

        @invariant()
        def the_books_are_right(self) -> None:
            stored = check_books(place, self.user.id)[-1]
            if stored.status is not self.last.status:
                assert stored.status in MOVES[self.last.status]
            assert stored.fence >= self.last.fence
            if self.last.status.is_final:
                assert stored == self.last
            self.last = stored

    return Moves


@pytest.mark.parametrize("examples", [10, pytest.param(400, marks=pytest.mark.chaos)])
def test_no_interleaving_breaks_the_ledger(emulator: Emulator, examples: int) -> None:
    run_state_machine_as_test(
        moves_in(emulator.place()),
        settings=settings(
            max_examples=examples,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
