"""If a message reaches the dead-letter queue, its generation fails without cost, and the next one can start."""

import json

import pytest

from testkit.sites import Site
from testkit.system import System, wait_for

pytestmark = pytest.mark.e2e


def test_dead_letter_fails_its_generation_and_releases_the_next_one(
    system: System, small_site: Site, site_ports: list[int]
) -> None:
    person = system.user("starter")  # one of its generations runs at once
    me = person.http.get("/auth/me").json()["id"]
    # Nobody serves this site: each attempt fails, and the generation waits for another one.
    lost = person.start(person.website(f"http://127.0.0.1:{site_ports[-3]}/"))
    held = person.start(person.website(small_site.url))
    letter = json.dumps({"user_id": me, "generation_id": lost})

    def given_up() -> bool:
        found = person.generation(lost)
        if found["status"] == "pending":
            queue = system.endpoints["queues"]["generation_dead_letters"]
            system.aws("sqs").send_message(QueueUrl=queue, MessageBody=letter)
        return bool(found["status"] == "failed")

    assert person.generation(held)["status"] == "pending"
    wait_for(given_up, every=0.5)
    assert person.generation(lost)["error_code"] == "worker_lost"
    assert person.finished(held)["status"] == "completed"
    assert person.quota()["generations_used"] == 1
