"""Mails: from the outbox to the provider."""

from collections.abc import Callable
from datetime import datetime, timedelta

from llmready.domain.errors import TryAgain
from llmready.domain.generation import Generation
from llmready.domain.mail import Message, OutboxMail
from llmready.domain.user import User
from llmready.observability import logger
from llmready.ports import Generations, Mailer, MailQueue, Outbox, Users

# How long one try may take before another may begin.
_CLAIM = timedelta(seconds=55)

Render = Callable[[OutboxMail, User, Generation | None], Message]


def hand_to_notifier(mail: OutboxMail, mail_queue: MailQueue) -> None:
    """Ask the notifier to send a mail now; where that fails, the dispatcher finds it in the outbox."""
    try:
        mail_queue.send(mail)
    except TryAgain:
        logger.warning("mail queue not reached; the mail waits in the outbox", mail_id=mail.id)


def send_mail(
    *,
    user_id: str,
    mail_id: str,
    outbox: Outbox,
    users: Users,
    generations: Generations,
    render: Render,
    mailer: Mailer,
    time: datetime,
) -> bool:
    """Send a mail of the outbox once; return False when there was nothing (more) to send.

    Raises:
        TryAgain: The provider did not take it; it stays in the outbox.
    """
    mail = outbox.claim(user_id, mail_id, time=time, until=time + _CLAIM)
    if mail is None:
        return False
    user = users.get(user_id)
    generation = generations.get(user_id, mail.generation_id) if mail.generation_id else None
    gone = user is None or (mail.generation_id is not None and generation is None)
    if user is not None and not gone:
        mailer.send(render(mail, user, generation), mail_id=mail.id)
    outbox.sent(mail, time)
    return not gone
