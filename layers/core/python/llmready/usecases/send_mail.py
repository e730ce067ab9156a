"""Send emails: from the outbox to the provider."""

from datetime import datetime, timedelta

from llmready.domain.clock import new_id
from llmready.domain.errors import TryAgain
from llmready.domain.limits import Rate
from llmready.domain.mail import MailKind, MailRefused, OutboxMail
from llmready.domain.user import User, email_fingerprint
from llmready.ports.mail import MailRequest
from llmready.services import Services
from llmready.usecases.rate_limits import take_one

# How long one attempt may take before another process may begin one.
_CLAIM = timedelta(seconds=55)
_LONGEST_PAUSE = timedelta(minutes=15)
_GIVEN_UP_AFTER = timedelta(days=3)
_RECORD_TRIES = 3

# How many emails one address gets at the request of people who are not signed in.
_UNASKED = Rate(5, 3600)


def hand_to_notifier(services: Services, mail: OutboxMail) -> None:
    """Ask the notifier to send an email now. If its queue fails, the dispatcher finds the email in the outbox."""
    try:
        services.mail_queue.send(mail)
    except TryAgain:
        services.log.warning("mail queue not reached; the email stays in the outbox", mail_id=mail.id)


def ask_for_mail(services: Services, email: str, kind: MailKind) -> None:
    """Ask the notifier to email the account of an address, if it has one.

    The address is looked up later and only its fingerprint is queued, so that neither the answer nor its timing
    tells whether the address has an account.

    Raises:
        TryAgain: The queue cannot be reached.
    """
    services.mail_queue.send_to(email_fingerprint(email), kind, new_id())


def accept_mail_request(services: Services, request: MailRequest) -> OutboxMail | None:
    """Store the email that was requested for an address in the outbox.

    A request that is delivered twice gives the same email.

    Returns:
        The email, or None if the address has no account or got too many emails.
    """
    time = services.clock()
    user = services.users.by_fingerprint(request.fingerprint)
    if user is None:
        return None
    mail = OutboxMail(id=request.mail_id, user_id=user.id, kind=request.kind, created_at=time, due_at=time)
    if services.outbox.has(mail):
        return mail
    status = take_one(services, "unasked_mails", request.fingerprint, _UNASKED)
    if status is not None and status.wait:
        services.log.info("email not sent: too many to this address", mail_id=request.mail_id)
        return None
    services.outbox.put(mail)
    return mail


def send_mail(services: Services, user_id: str, mail_id: str) -> bool:
    """Send an email of the outbox once.

    An address that bounced or complained gets none. An email that the provider does not accept now stays in the
    outbox; the dispatcher sends it later, after a pause that grows with each attempt.

    Returns:
        False if it was not sent.
    """
    time = services.clock()
    mail = services.outbox.claim(user_id, mail_id, time=time, until=time + _CLAIM)
    if mail is None:
        return False
    user = services.users.get(user_id)
    generation = services.generations.get(user_id, mail.generation_id) if mail.generation_id else None
    if user is None or (mail.generation_id is not None and generation is None) or _is_obsolete(mail, user):
        services.outbox.sent(mail, time)
        return False
    suppression = services.suppressions.get(email_fingerprint(user.email))
    if suppression is not None:
        services.log.info(
            "email given up: its address is suppressed", mail_id=mail.id, reason=suppression.reason
        )
        services.outbox.give_up(mail, time)
        return False
    try:
        services.mailer.send(services.render(mail, user, generation), mail_id=mail.id)
    except TryAgain:
        _retry_later(services, mail, time)
        return False
    except MailRefused:
        services.log.exception("email given up: the provider refuses it", mail_id=mail.id, kind=mail.kind)
        services.outbox.give_up(mail, time)
        return False
    _record_sent(services, mail, time)
    return True


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait before the next attempt after ``attempts`` of them failed."""
    return min(_LONGEST_PAUSE, timedelta(seconds=30 * 2.0 ** min(10, attempts - 1)))


def _is_obsolete(mail: OutboxMail, user: User) -> bool:
    confirmed = user.is_verified and mail.kind is MailKind.VERIFY_EMAIL
    return confirmed or not user.mail_preferences.want(mail.kind)


def _retry_later(services: Services, mail: OutboxMail, time: datetime) -> None:
    if time - mail.created_at > _GIVEN_UP_AFTER:
        services.log.error(
            "email given up: the provider did not accept it for days", mail_id=mail.id, kind=mail.kind
        )
        services.outbox.give_up(mail, time)
        return
    services.log.warning(
        "email not accepted; it stays in the outbox", mail_id=mail.id, attempts=mail.attempts
    )
    services.outbox.postpone(mail, time + pause_after(mail.attempts))


def _record_sent(services: Services, mail: OutboxMail, time: datetime) -> None:
    # An email that is not recorded as sent is sent again.
    for _ in range(_RECORD_TRIES - 1):
        try:
            services.outbox.sent(mail, time)
        except TryAgain:
            continue
        return
    services.outbox.sent(mail, time)
