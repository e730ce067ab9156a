"""Send emails: from the outbox to the provider."""

from datetime import datetime, timedelta

from llmready.domain.clock import new_id
from llmready.domain.errors import TryAgain
from llmready.domain.mail import ACCOUNT_MAILS, MailKind, MailRefused, OutboxMail, held_back_id
from llmready.domain.mail_tokens import LIFETIMES, PURPOSES
from llmready.domain.user import User, email_fingerprint, is_plain_address
from llmready.ports.mail import MailRequest
from llmready.services import Services

# How long one attempt may take before another process may begin one.
_CLAIM = timedelta(seconds=55)
_LONGEST_PAUSE = timedelta(minutes=15)
_GIVEN_UP_AFTER = timedelta(days=3)
_RECORD_TRIES = 3


def hand_to_notifier(services: Services, mail: OutboxMail) -> None:
    """Ask the notifier to send an email now. If its queue fails, the dispatcher finds the email in the outbox."""
    try:
        services.mail_queue.send(mail)
    except TryAgain:
        services.log.warning("mail queue not reached; the email stays in the outbox", mail_id=mail.id)


def ask_for_mail(services: Services, email: str, kind: MailKind) -> None:
    """Ask the notifier to email the account of an address, if it has one.

    Only the fingerprint of the address is queued, and the account is looked up later. Therefore the answer
    and its duration do not reveal whether the address has an account.

    Raises:
        TryAgain: The queue cannot be reached.
    """
    services.mail_queue.send_to(email_fingerprint(email), kind, new_id())


def accept_mail_request(services: Services, request: MailRequest) -> OutboxMail | None:
    """Store the email that was requested for an address in the outbox.

    A request that is delivered twice gives the same email.

    Returns:
        The email. None if the address has no account, needs no such email, or got too many emails.
    """
    time = services.clock()
    user = services.users.by_fingerprint(request.fingerprint)
    if user is None:
        return None
    mail = OutboxMail(id=request.mail_id, user_id=user.id, kind=request.kind, created_at=time, due_at=time)
    if services.outbox.has(mail):
        return mail
    # A delayed email is stored under one ID per kind, because anybody can request emails any number of times.
    if _is_obsolete(mail, user, time) or not _passes_limit(services, mail, user):
        return None
    services.outbox.put(mail)
    return mail


def send_mail(services: Services, user_id: str, mail_id: str) -> bool:
    """Send an email of the outbox once.

    Suppressed addresses (bounces, complaints) get no emails. Unconfirmed addresses get only account mails,
    and account mails to every address are limited. An email that the provider does not accept now stays in
    the outbox. The dispatcher sends it later. The pause grows with each attempt.

    Returns:
        False if it was not sent.
    """
    time = services.clock()
    mail = services.outbox.claim(user_id, mail_id, time=time, until=time + _CLAIM)
    if mail is None:
        return False
    user = services.users.get(user_id)
    generation = services.generations.get(user_id, mail.generation_id) if mail.generation_id else None
    is_orphan = mail.generation_id is not None and generation is None
    if user is None or is_orphan or _is_obsolete(mail, user, time) or _is_suppressed(services, mail, user):
        services.outbox.give_up(mail, time)
        return False
    if not _passes_limit(services, mail, user):
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


def _is_obsolete(mail: OutboxMail, user: User, time: datetime) -> bool:
    """Return whether an email must not be sent (any more)."""
    if mail.kind not in ACCOUNT_MAILS and (not user.is_verified or user.suspended_at is not None):
        return True
    if mail.kind is MailKind.VERIFY_EMAIL and user.is_verified:
        return True
    purpose = PURPOSES.get(mail.kind)
    is_late = purpose is not None and time >= mail.created_at + LIFETIMES[purpose]
    return is_late or not user.mail_preferences.want(mail.kind)


def _is_suppressed(services: Services, mail: OutboxMail, user: User) -> bool:
    """Return whether the address of a user bounced or complained."""
    suppression = services.suppressions.get(services.fingerprints.of_address(user.email))
    if suppression is None:
        return False
    services.log.info("email given up: its address is suppressed", mail_id=mail.id, reason=suppression.reason)
    return True


def _passes_limit(services: Services, mail: OutboxMail, user: User) -> bool:
    """Count an account mail against the limit of its address; delay it if the limit is reached.

    A newer email replaces a delayed email of the same kind, whether the newer one is sent or delayed.
    """
    if mail.kind not in ACCOUNT_MAILS:
        return True
    time = services.clock()
    again_at = services.account_mail_limit.take(services.fingerprints.of_address(user.email), mail, time)
    was_held_back = mail.id == held_back_id(mail.kind)
    if again_at is None and not _mailbox_has_room(services, mail, user):
        # It is not delayed: there may be any number of such accounts. The owner of the mailbox can ask for it again.
        services.outbox.give_up(mail, time)
        return False
    if again_at is None:
        if not was_held_back:
            services.outbox.give_up(mail.held_back(until=time), time)
        return True
    services.log.info(
        "email delayed: the address reached its limit of mails per hour", mail_id=mail.id, kind=mail.kind
    )
    if was_held_back:
        services.outbox.postpone(mail, again_at)
    else:
        services.outbox.put(mail.held_back(until=again_at))
        services.outbox.give_up(mail, time)
    return False


def _mailbox_has_room(services: Services, mail: OutboxMail, user: User) -> bool:
    # Only the limit of the address applies to a plain address. Otherwise, strangers could use up the mails of its
    # mailbox with other addresses, so that its owner could not confirm an account.
    if user.is_verified or is_plain_address(user.email):
        return True
    mailbox = services.fingerprints.of_mailbox(user.email)
    if services.account_mail_limit.take_of_mailbox(mailbox, mail, services.clock()):
        return True
    services.log.info(
        "email given up: its mailbox reached the limit of mails per hour for unconfirmed addresses",
        mail_id=mail.id,
        kind=mail.kind,
    )
    return False


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
