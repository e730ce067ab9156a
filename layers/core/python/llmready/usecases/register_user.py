"""Sign up."""

from datetime import datetime

from llmready.domain.clock import new_id
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.passwords import hashed, refuse_weak
from llmready.domain.user import User, email_key
from llmready.ports.accounts import Users
from llmready.ports.mail import MailQueue
from llmready.usecases.send_mail import ask_for_mail, hand_to_notifier


def register_user(
    *,
    email: str,
    password: str,
    full_name: str | None,
    users: Users,
    mail_queue: MailQueue,
    time: datetime,
) -> None:
    """Make an account; an address that already has one only makes its owner get a mail that says so.

    Both take the same: one hash, one transaction, one message.

    Raises:
        Invalid: The password is a common one.
    """
    refuse_weak(password, own=(email, full_name))
    user = User(
        id=new_id(),
        email=email_key(email),
        password_hash=hashed(password),
        full_name=full_name,
        created_at=time,
        updated_at=time,
    )
    welcome = OutboxMail(
        id=new_id(), user_id=user.id, kind=MailKind.VERIFY_EMAIL, created_at=time, due_at=time
    )
    if users.create(user, welcome):
        hand_to_notifier(welcome, mail_queue)
    else:
        ask_for_mail(email, MailKind.ACCOUNT_EXISTS, mail_queue)
