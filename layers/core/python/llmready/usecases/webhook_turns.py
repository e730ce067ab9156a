"""Decide when a user's next webhook request may be sent, so that no users delay the deliveries of others.

A user sends one request at a time and has budgets of time. All accounts of the free plan together send one request at
a time, so the other notifier always has time for paid plans.
"""

import math
import random
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from llmready.domain.rate_limits import Rate
from llmready.domain.user import User
from llmready.domain.webhooks import Webhook, WebhookAnswer
from llmready.services import Services
from llmready.usecases.rate_limits import take_units

LONGEST_WAIT = timedelta(minutes=15)
"""The longest delay of a message in SQS, and the longest wait that grows."""

# How long an attempt may have the lease of its user. A request takes at most 15 s.
_SENDING = timedelta(seconds=30)
# An attempt of the same user that began less than this ago probably ends soon.
_JUST_BEGUN = timedelta(seconds=2)
_SHORT_WAIT = timedelta(seconds=3)
# An answer that took longer counts like none for the pauses: the notifier cannot do anything else meanwhile.
_SLOW = timedelta(seconds=5)
# After a slow request, its user gets nothing for this number of times its duration, and its endpoint for twice as
# long.
_PAUSE_PART = 2
# Tenths of a second that the slow requests of a user may take, and those that are not slow but take at least a tenth.
# When such a limit is reached, the user gets nothing until enough time has passed.
_SLOW_RATE = Rate(300, 1200)
_OTHER_RATE = Rate(300, 300)
_COUNTED = timedelta(seconds=0.1)
_SPREAD = 15  # seconds by which deliveries that waited for a pause are spread
# An account of the free plan whose requests took more than this within a day lets the others go first.
_LITTLE = timedelta(seconds=10)
_DAY = timedelta(days=1)
# Later requests are not remembered for longer than this, so that an account is soon among the others again.
_MOST_USED = 2 * _DAY


class Turn(NamedTuple):
    """The right to send one request.

    Attributes:
        user_id: ID of the user.
        began_at: Time at which it began.
        leased_until: When it ends by itself.
        used_until: When the earlier requests of the user are forgotten. None if the plan is paid.
        rest_until: Until when free accounts that used much let others go first. None if the plan is paid.
    """

    user_id: str
    began_at: datetime
    leased_until: datetime
    used_until: datetime | None = None
    rest_until: datetime | None = None


def take_turn(services: Services, user: User, webhook: Webhook, *, waits: int) -> Turn | datetime:
    """Return the turn of a request, or when to try again, so that the notifier need not wait.

    Args:
        services: The process's services.
        user: Owner of the endpoint.
        webhook: The endpoint.
        waits: How often in a row the delivery waited, with this time if it has to wait.
    """
    time = services.clock()
    if webhook.paused_until is not None and webhook.paused_until > time:
        return _after(webhook.paused_until)
    until = time + _SENDING
    lease = services.webhooks.lease(user.id, time=time, until=until)
    if lease.taken_until is not None:
        if lease.taken_until > until - _JUST_BEGUN:
            return time + _SHORT_WAIT
        services.crowds.note(user.id, lease.taken_until)
        if not user.plan.is_paid:
            services.crowds.note_free(user.id, time)
        return _after(lease.taken_until)
    if user.plan.is_paid:
        return Turn(user.id, time, until)
    used_until = max(time, lease.used_until or time)
    share = services.webhooks.lease_free(time=time, until=until, must_rest=used_until - time > _DAY)
    if share.taken_until is None:
        return Turn(user.id, time, until, used_until, max(time, share.rest_until or time))
    if used_until > time:
        # The only message of an account that sent nothing for long is not ignored, so it gets the share soon.
        services.crowds.note_free(user.id, time)
    # The other deliveries of the user find this lease taken, so they do not ask for the share as well.
    again = time + growing_wait(waits) * random.uniform(1, 2)  # noqa: S311 - it spreads deliveries
    services.webhooks.release(user.id, leased_until=until, until=again)
    return again


def end_turn(services: Services, turn: Turn, webhook: Webhook, answer: WebhookAnswer) -> None:
    """End a turn after its request, with the pauses that follow from the answer."""
    pause = _pause_after(services, webhook, answer)
    time = services.clock()
    used_until = None
    if turn.used_until is not None and turn.rest_until is not None:
        duration = timedelta(milliseconds=answer.duration_ms)
        used_until = min(turn.used_until + duration * (_DAY / _LITTLE), time + _MOST_USED)
        services.webhooks.release_free(
            leased_until=turn.leased_until, until=time, rest_until=max(turn.rest_until, time + duration)
        )
    services.webhooks.release(
        turn.user_id, leased_until=turn.leased_until, until=time + pause, used_until=used_until
    )


def growing_wait(waits: int) -> timedelta:
    """Return how long a delivery waits at least. The more often it waited, the longer it waits."""
    return min(LONGEST_WAIT, _SHORT_WAIT * 2.0 ** min(waits - 1, 20))


def _pause_after(services: Services, webhook: Webhook, answer: WebhookAnswer) -> timedelta:
    """Count the time of a request, and pause its endpoint if it was slow. Return how long its user gets nothing."""
    duration = timedelta(milliseconds=answer.duration_ms)
    is_slow = answer.timed_out or duration > _SLOW
    if duration < _COUNTED and not is_slow:
        return timedelta()
    name, rate = ("slow_webhooks", _SLOW_RATE) if is_slow else ("webhooks", _OTHER_RATE)
    units = max(1, math.ceil(duration / _COUNTED))
    take = partial(take_units, services, name, webhook.user_id, rate, units=units)
    status = take()
    if status is not None and status.wait:
        # The user gets nothing until the budget contains this time. It is taken then, or long answers would be free.
        take(delay=status.wait)
    wait = timedelta(seconds=status.wait) if status is not None else timedelta()
    if not is_slow:
        return wait
    pause = max(_PAUSE_PART * duration, wait)
    services.webhooks.pause(webhook, services.clock() + pause + _PAUSE_PART * duration)
    return pause


def _after(time: datetime) -> datetime:
    return time + timedelta(seconds=random.uniform(0, _SPREAD))  # noqa: S311 - it spreads deliveries
