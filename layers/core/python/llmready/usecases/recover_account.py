"""Confirming an address, and getting a new password: by a mail's token, or by the old password."""

from datetime import datetime

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Invalid
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.mail_tokens import MailToken, read_mail_token
from llmready.domain.passwords import hashed, matches, refuse_weak
from llmready.domain.tokens import Claims
from llmready.domain.user import User
from llmready.ports.accounts import MailTokens, Sessions, Users
from llmready.ports.limits import Lockout
from llmready.ports.mail import MailQueue
from llmready.usecases.send_mail import hand_to_notifier
from llmready.usecases.sign_in import confirm_password


def verify_email(token: str, *, users: Users, time: datetime) -> None:
    """Confirm the address of the account whose mail carried a token.

    Raises:
        Invalid: The token was used, has expired or is none.
    """
    if not users.verify(_read(token), time):
        raise _bad_token()


def reset_password(
    token: str,
    password: str,
    *,
    users: Users,
    sessions: Sessions,
    mail_tokens: MailTokens,
    mail_queue: MailQueue,
    time: datetime,
) -> None:
    """Give the account whose mail carried a token a new password, and end all its sign-ins.

    Raises:
        Invalid: The token was used, has expired or is none; or the password is a common one.
    """
    presented = _read(token)
    user = users.get(presented.user_id)
    own = (user.email, user.full_name) if user is not None else ()
    refuse_weak(password, own=own, field="new_password")
    told = _told(presented.user_id, time)
    if not users.reset_password(presented, hashed(password), told, time):
        raise _bad_token()
    sessions.close_all(presented.user_id, but=None)
    mail_tokens.revoke_all(presented.user_id)
    hand_to_notifier(told, mail_queue)


def change_password(
    user: User,
    claims: Claims,
    *,
    current: str,
    new: str,
    users: Users,
    sessions: Sessions,
    mail_tokens: MailTokens,
    lockout: Lockout,
    mail_queue: MailQueue,
    time: datetime,
) -> None:
    """Replace the password of a signed-in user, and end all other sign-ins.

    Raises:
        Forbidden: The current password is wrong; that counts as a failed login.
        TooManyRequests: It was wrong too often.
        Invalid: The new password is a common one, or the current one.
        Conflict: The password was changed by somebody else meanwhile.
    """
    refuse_weak(new, own=(user.email, user.full_name), field="new_password")
    confirm_password(user, current, lockout=lockout, time=time)
    if matches(user.password_hash, new):
        raise Invalid(
            "new_password", "The new password must differ from the current one.", code="password_unchanged"
        )
    told = _told(user.id, time)
    if not users.change_password(user, hashed(new), told, time, kept_family=claims.scope):
        raise Conflict("password_changed", "The password was changed meanwhile; please sign in again.")
    sessions.close_all(user.id, but=claims.scope)
    mail_tokens.revoke_all(user.id)
    hand_to_notifier(told, mail_queue)


def _told(user_id: str, time: datetime) -> OutboxMail:
    return OutboxMail(
        id=new_id(), user_id=user_id, kind=MailKind.PASSWORD_CHANGED, created_at=time, due_at=time
    )


def _read(token: str) -> MailToken:
    presented = read_mail_token(token)
    if presented is None:
        raise _bad_token()
    return presented


def _bad_token() -> Invalid:
    return Invalid(
        "token",
        "The link was used before, has expired or is not valid; ask for a new mail.",
        code="bad_token",
    )
