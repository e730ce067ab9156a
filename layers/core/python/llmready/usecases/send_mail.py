"""Mails: from the outbox to the provider."""

from collections.abc import Callable
from datetime import datetime, timedelta

from llmready.domain.clock import new_id
from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation
from llmready.domain.limits import Rate
from llmready.domain.mail import MailKind, MailRefused, Message, OutboxMail
from llmready.domain.user import User, email_fingerprint
from llmready.observability import logger
from llmready.ports.accounts import Users
from llmready.ports.generations import Generations
from llmready.ports.limits import Limiter
from llmready.ports.mail import Mailer, MailQueue, MailRequest, Outbox, Suppressions
from llmready.usecases.limit import take_one

# How long one try may take before another may begin.
_CLAIM = timedelta(seconds=55)
_LONGEST_PAUSE = timedelta(minutes=15)
_GIVEN_UP_AFTER = timedelta(days=3)
_NOTING_TRIES = 3

# What anybody may make us send to one address.
_UNASKED = Rate(5, 3600)

Render = Callable[[OutboxMail, User, Generation | None], Message]


def hand_to_notifier(mail: OutboxMail, mail_queue: MailQueue) -> None:
    """Ask the notifier to send a mail now; where that fails, the dispatcher finds it in the outbox."""
    try:
        mail_queue.send(mail)
    except TryAgain:
        logger.warning("mail queue not reached; the mail waits in the outbox", mail_id=mail.id)


def ask_for_mail(email: str, kind: MailKind, mail_queue: MailQueue) -> None:
    """Have the notifier mail the account of an address, if it has one.

    Whoever asks here learns nothing about the address, not even by the time it takes: it is looked up later, and only
    its fingerprint is queued.

    Raises:
        TryAgain: The queue cannot be reached.
    """
    mail_queue.send_to(email_fingerprint(email), kind, new_id())


def accept_mail_request(
    request: MailRequest, *, users: Users, outbox: Outbox, limiter: Limiter, time: datetime
) -> OutboxMail | None:
    """Put the mail that somebody asked for into the outbox; None when nobody is to get one.

    The same request, delivered again, is the same mail.
    """
    user = users.by_fingerprint(request.fingerprint)
    if user is None:
        return None
    mail = OutboxMail(id=request.mail_id, user_id=user.id, kind=request.kind, created_at=time, due_at=time)
    if outbox.has(mail):
        return mail
    standing = take_one("unasked_mails", request.fingerprint, _UNASKED, limiter=limiter, time=time)
    if standing is not None and standing.wait:
        logger.info("mail not sent: too many to this address", mail_id=request.mail_id)
        return None
    outbox.put(mail)
    return mail


def send_mail(
    *,
    user_id: str,
    mail_id: str,
    outbox: Outbox,
    users: Users,
    suppressions: Suppressions,
    generations: Generations,
    render: Render,
    mailer: Mailer,
    time: datetime,
) -> bool:
    """Send a mail of the outbox once; return False when it was not sent.

    An address that bounced or complained gets none.

    A mail that the provider does not take now stays in the outbox, from where the dispatcher sends it later, each
    time after a longer pause.
    """
    mail = outbox.claim(user_id, mail_id, time=time, until=time + _CLAIM)
    if mail is None:
        return False
    user = users.get(user_id)
    generation = generations.get(user_id, mail.generation_id) if mail.generation_id else None
    if user is None or (mail.generation_id is not None and generation is None) or _is_moot(mail, user):
        outbox.sent(mail, time)
        return False
    suppression = suppressions.get(email_fingerprint(user.email))
    if suppression is not None:
        logger.info("mail given up: its address gets none", mail_id=mail.id, reason=suppression.reason)
        outbox.give_up(mail, time)
        return False
    try:
        mailer.send(render(mail, user, generation), mail_id=mail.id)
    except TryAgain:
        _try_later(mail, outbox, time)
        return False
    except MailRefused:
        logger.exception("mail given up: the provider refuses it", mail_id=mail.id, kind=mail.kind)
        outbox.give_up(mail, time)
        return False
    _note_sent(mail, outbox, time)
    return True


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait before the next try after ``attempts`` of them failed."""
    return min(_LONGEST_PAUSE, timedelta(seconds=30 * 2.0 ** min(10, attempts - 1)))


def _is_moot(mail: OutboxMail, user: User) -> bool:
    confirmed = user.is_verified and mail.kind is MailKind.VERIFY_EMAIL
    return confirmed or not user.mail_preferences.want(mail.kind)


def _try_later(mail: OutboxMail, outbox: Outbox, time: datetime) -> None:
    if time - mail.created_at > _GIVEN_UP_AFTER:
        logger.error("mail given up: no provider took it for days", mail_id=mail.id, kind=mail.kind)
        outbox.give_up(mail, time)
        return
    logger.warning("mail not taken; it waits in the outbox", mail_id=mail.id, attempts=mail.attempts)
    outbox.postpone(mail, time + pause_after(mail.attempts))


def _note_sent(mail: OutboxMail, outbox: Outbox, time: datetime) -> None:
    # What is not noted is sent again.
    for _ in range(_NOTING_TRIES - 1):
        try:
            outbox.sent(mail, time)
        except TryAgain:
            continue
        return
    outbox.sent(mail, time)
