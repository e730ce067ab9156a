"""Confirm an email address, and set a new password with the token of an email or with the old password."""

from datetime import datetime

from llmready.domain.clock import new_id
from llmready.domain.errors import Conflict, Invalid
from llmready.domain.mail import MailKind, OutboxMail
from llmready.domain.mail_tokens import MailToken, read_mail_token
from llmready.domain.passwords import hashed, matches, refuse_weak
from llmready.domain.tokens import Claims
from llmready.domain.user import User
from llmready.services import Services
from llmready.usecases.send_mail import hand_to_notifier
from llmready.usecases.sign_in import confirm_password


def verify_email(services: Services, token: str) -> None:
    """Confirm the email address of the account whose email carried a token.

    Raises:
        Invalid: The token is unknown, used or expired.
    """
    if not services.users.verify(_read(token), services.clock()):
        raise _bad_token()


def reset_password(services: Services, token: str, password: str) -> None:
    """Set a new password for the account whose email carried a token, revoke all its sessions and lift its locks.

    Raises:
        Invalid: The token is unknown, used or expired; or the password is a common one.
    """
    time = services.clock()
    presented = _read(token)
    user = services.users.get(presented.user_id)
    own = (user.email, user.full_name) if user is not None else ()
    refuse_weak(password, own=own, field="new_password")
    confirms = user is not None and not user.is_verified
    notice = _notice(presented.user_id, time, confirmed_address=confirms)
    if not services.users.reset_password(presented, hashed(password), notice, time):
        raise _bad_token()
    services.sessions.close_all(presented.user_id, but=None)
    services.mail_tokens.revoke_resets(presented.user_id)
    if user is not None:
        services.lockout.lift(services.fingerprints.of_address(user.email))
    hand_to_notifier(services, notice)


def change_password(
    services: Services, user: User, claims: Claims, *, current: str, new: str, network: str
) -> None:
    """Replace the password of a signed-in user and revoke the user's other sessions.

    Args:
        services: The process's services.
        user: The account.
        claims: Claims of the access token. Its session stays valid.
        current: The current password.
        new: The new password.
        network: The source network of the request.

    Raises:
        Forbidden: The current password is wrong. This counts as a failed login.
        TooManyRequests: There were too many failed logins.
        Invalid: The new password is a common one, or the current one.
        Conflict: The password was changed meanwhile.
    """
    time = services.clock()
    refuse_weak(new, own=(user.email, user.full_name), field="new_password")
    confirm_password(services, user, current, network=network)
    if matches(user.password_hash, new):
        raise Invalid(
            "new_password", "The new password must differ from the current one.", code="password_unchanged"
        )
    notice = _notice(user.id, time)
    if not services.users.change_password(user, hashed(new), notice, time, kept_family=claims.scope):
        raise Conflict(
            "password_changed", "The password was changed by another request; please sign in again."
        )
    services.sessions.close_all(user.id, but=claims.scope)
    services.mail_tokens.revoke_resets(user.id)
    hand_to_notifier(services, notice)


def _notice(user_id: str, time: datetime, *, confirmed_address: bool = False) -> OutboxMail:
    return OutboxMail(
        id=new_id(),
        user_id=user_id,
        kind=MailKind.PASSWORD_CHANGED,
        confirmed_address=confirmed_address,
        created_at=time,
        due_at=time,
    )


def _read(token: str) -> MailToken:
    presented = read_mail_token(token)
    if presented is None:
        raise _bad_token()
    return presented


def _bad_token() -> Invalid:
    return Invalid(
        "token",
        "The link was already used, has expired or is not valid; request a new mail.",
        code="bad_token",
    )
