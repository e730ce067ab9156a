"""The worker, with a fault at one of its AWS calls: ``CHAOS_CALL`` has its number, ``CHAOS_FAULT`` its name."""

import os
from typing import Any

from llmready import bootstrap
from llmready.worker.main import main
from tests.chaos.faults import Fault, Faults

if __name__ == "__main__":
    number, fault = int(os.environ["CHAOS_CALL"]), Fault[os.environ["CHAOS_FAULT"]]
    faults = Faults(lambda _name, at: fault if at == number else None)
    watched: dict[str, Any] = {}
    real = bootstrap.client

    def client(service: str) -> Any:
        if service not in watched:
            watched[service] = real(service)
            faults.watch(watched[service])
        return watched[service]

    bootstrap.client = client  # type: ignore[assignment]
    raise SystemExit(main())
