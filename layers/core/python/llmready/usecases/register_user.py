"""Create an account."""

from llmready.domain.clock import new_id
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.passwords import hashed, refuse_weak
from llmready.domain.user import User, email_key
from llmready.services import Services
from llmready.usecases.send_mail import ask_for_mail, hand_to_notifier


def register_user(services: Services, *, email: str, password: str, full_name: str | None) -> None:
    """Create an account. If the address already has one, its owner gets an email that says so.

    Both cases take the same time, because both make one hash, one transaction and one message.

    Raises:
        Invalid: The password is a common one.
    """
    time = services.clock()
    refuse_weak(password, own=(email, full_name))
    user = User(
        id=new_id(),
        email=email_key(email),
        password_hash=hashed(password),
        full_name=full_name,
        quota_ledger=services.fingerprints.of_address(email),
        created_at=time,
        updated_at=time,
    )
    welcome = OutboxMail(
        id=new_id(), user_id=user.id, kind=MailKind.VERIFY_EMAIL, created_at=time, due_at=time
    )
    if services.users.create(user, welcome):
        hand_to_notifier(services, welcome)
    else:
        ask_for_mail(services, email, MailKind.ACCOUNT_EXISTS)
