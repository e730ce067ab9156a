"""The worker, on a machine whose clock is wrong by ``CHAOS_SKEW`` seconds."""

import os
from datetime import datetime, timedelta

from llmready.domain import clock

_right = clock.now
_SKEW = timedelta(seconds=float(os.environ["CHAOS_SKEW"]))


def _now() -> datetime:
    return _right() + _SKEW


# Done before any other module imports the clock.
clock.now = _now

from llmready.worker.main import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main())
