"""Sign up."""

from datetime import datetime

from llmready.domain.clock import new_id
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.passwords import hashed, refuse_weak
from llmready.domain.user import User, email_key
from llmready.ports import MailQueue, Outbox, Users
from llmready.usecases.send_mail import hand_to_notifier


def register_user(
    *,
    email: str,
    password: str,
    full_name: str | None,
    users: Users,
    outbox: Outbox,
    mail_queue: MailQueue,
    time: datetime,
) -> None:
    """Make an account; an address that already has one only makes its owner get a mail that says so.

    Raises:
        Invalid: The password is a common one.
    """
    refuse_weak(password)
    user = User(
        id=new_id(),
        email=email_key(email),
        password_hash=hashed(password),
        full_name=full_name,
        created_at=time,
        updated_at=time,
    )
    if users.create(user):
        return
    owner = users.by_email(email)
    if owner is None:
        return
    mail = OutboxMail(
        id=new_id(), user_id=owner.id, kind=MailKind.ACCOUNT_EXISTS, created_at=time, due_at=time
    )
    outbox.put(mail)
    hand_to_notifier(mail, mail_queue)
