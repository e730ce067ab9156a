"""``/auth``: accounts and sign-in."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from llmready import bootstrap
from llmready.domain.clock import is_id, now
from llmready.domain.errors import Invalid, NotFound, Unauthenticated
from llmready.domain.mail import MailKind
from llmready.domain.rate_limits import Rate
from llmready.domain.sessions import MOST_SESSIONS
from llmready.domain.tokens import REFRESH_GRACE
from llmready.domain.user import User
from llmready.http.api import PREFIX, Api
from llmready.http.gate import source_address, source_network
from llmready.http.pages import mail_page, unsubscribe_page
from llmready.http.route_limits import RouteLimit
from llmready.http.schemas.auth import (
    AccessAnswer,
    Address,
    Confirmation,
    Deletion,
    ExportAnswer,
    Forgotten,
    Login,
    PasswordChange,
    PasswordReset,
    ProfileAnswer,
    ProfileChange,
    Refresh,
    Registration,
    SessionAnswer,
    SessionsAnswer,
    TokenAnswer,
)
from llmready.http.schemas.common import Message
from llmready.http.session_cookie import cleared_cookie, session_cookie, token_from_cookie, uses_cookie
from llmready.settings import settings
from llmready.usecases.delete_account import delete_account
from llmready.usecases.recover_account import change_password, reset_password, verify_email
from llmready.usecases.register_user import register_user
from llmready.usecases.send_mail import ask_for_mail
from llmready.usecases.sign_in import Tokens, confirm_password, sign_in, sign_out, stay_signed_in
from llmready.usecases.unsubscribe import MAILS_OF, unsubscribe, unsubscriber

# Seconds (of the request's 15 s) that are used for deleting; the cleanup function deletes the rest.
_DELETE_AT_ONCE = timedelta(seconds=8)
_EXPORTS = Rate(10)
_PASSWORD_TRIES = Rate(20)
UnsubscribeToken = Annotated[str, Query(min_length=1, max_length=4096, pattern=r"^[A-Za-z0-9_.-]+$")]


def _registrations() -> Rate:
    return Rate(settings().registrations_per_minute)


def _logins() -> Rate:
    return Rate(settings().logins_per_minute)


app = Api(
    open_paths=frozenset(
        {
            "/auth/register",
            "/auth/login",
            "/auth/refresh",
            "/auth/logout",
            "/auth/verify-email",
            "/auth/resend-verification",
            "/auth/forgot-password",
            "/auth/reset-password",
            "/auth/unsubscribe",
        }
    ),
    # Mail programs send a form to these paths (RFC 8058).
    bodiless_paths=frozenset({"/auth/unsubscribe"}),
    limits={
        "POST /auth/register": RouteLimit("registrations", _registrations),
        "POST /auth/login": RouteLimit("logins", _logins),
        "POST /auth/refresh": RouteLimit("refreshes", _logins),
        "POST /auth/logout": RouteLimit("refreshes", _logins),
        "POST /auth/verify-email": RouteLimit("mail_tokens", _logins),
        "POST /auth/reset-password": RouteLimit("mail_tokens", _logins),
        "POST /auth/resend-verification": RouteLimit("mail_requests", _registrations),
        "POST /auth/forgot-password": RouteLimit("mail_requests", _registrations),
        "POST /auth/change-password": RouteLimit("password_tries", lambda: _PASSWORD_TRIES, per_user=True),
        "DELETE /auth/me": RouteLimit("password_tries", lambda: _PASSWORD_TRIES, per_user=True),
        "GET /auth/me/export": RouteLimit("exports", lambda: _EXPORTS, per_user=True),
    },
)


@app.post(f"{PREFIX}/auth/register", summary="Sign up", status_code=201, tags=["auth"])
def register(body: Annotated[Registration, Body()]) -> Message:
    """Create an account. If the address already has one, the answer is the same, and its owner gets a mail."""
    _check_captcha(body.captcha_token)
    register_user(bootstrap.services(), email=body.email, password=body.password, full_name=body.full_name)
    return Message(
        message="Your account is ready. You can sign in now. Please confirm your address with the link in our mail."
    )


@app.post(f"{PREFIX}/auth/login", summary="Sign in", tags=["auth"])
def login(body: Annotated[Login, Body()]) -> Response[TokenAnswer | AccessAnswer]:
    """Return an access token and a refresh token.

    With the header `X-LLMReady-Session: cookie`, the refresh token is set as a cookie that scripts cannot read, and
    is not in the body.
    """
    tokens = sign_in(
        bootstrap.services(), email=body.email, password=body.password, network=source_network(app.event)
    )
    return _answer(tokens)


@app.post(f"{PREFIX}/auth/refresh", summary="Stay signed in", tags=["auth"])
def refresh(
    body: Annotated[Refresh | None, Body()] = None,
) -> Response[TokenAnswer | AccessAnswer]:
    """Return new tokens. A refresh token works once; using it again ends the whole sign-in.

    With the header `X-LLMReady-Session: cookie`, the refresh token is read from the cookie, and the previous one is
    accepted for another 30 seconds.
    """
    grace = REFRESH_GRACE if uses_cookie(app.event) else timedelta()
    tokens = stay_signed_in(bootstrap.services(), _refresh_token(body), grace=grace)
    return _answer(tokens)


@app.post(f"{PREFIX}/auth/logout", summary="Sign out", status_code=204, tags=["auth"])
def logout(body: Annotated[Refresh | None, Body()] = None) -> Response[None]:
    """Revoke a sign-in. Its access tokens can no longer change data.

    With the header `X-LLMReady-Session: cookie`, the refresh token is read from the cookie. The cookie is always
    removed; an invalid cookie is not an error.
    """
    try:
        sign_out(bootstrap.services(), _refresh_token(body))
    except Unauthenticated:
        if not uses_cookie(app.event):
            raise
    return Response(HTTPStatus.NO_CONTENT)


@app.get(f"{PREFIX}/auth/verify-email", summary="Show the page that confirms an address", tags=["auth"])
def verify_email_page() -> Response[str]:
    """Return the page that a mail's link leads to."""
    return _page("verify-email")


@app.post(f"{PREFIX}/auth/verify-email", summary="Confirm the address", tags=["auth"])
def confirm_address(body: Annotated[Confirmation, Body()]) -> Message:
    """Confirm the address of an account with the token of a mail, which works once."""
    verify_email(bootstrap.services(), body.token)
    return Message(message="Your address is confirmed.")


@app.post(f"{PREFIX}/auth/resend-verification", summary="Send the confirmation mail again", tags=["auth"])
def resend_verification(body: Annotated[Address, Body()]) -> Message:
    """Send the confirmation mail again. The answer is the same for every address."""
    ask_for_mail(bootstrap.services(), body.email, MailKind.VERIFY_EMAIL)
    return Message(message="If the address has an unconfirmed account, you will get a mail.")


@app.post(f"{PREFIX}/auth/forgot-password", summary="Request a mail to reset the password", tags=["auth"])
def forgot_password(body: Annotated[Forgotten, Body()]) -> Message:
    """Send a mail with a link to reset the password. The answer is the same for every address."""
    _check_captcha(body.captcha_token)
    ask_for_mail(bootstrap.services(), body.email, MailKind.RESET_PASSWORD)
    return Message(message="If the address has an account, you will get a mail.")


@app.get(f"{PREFIX}/auth/reset-password", summary="Show the page that sets a new password", tags=["auth"])
def reset_password_page() -> Response[str]:
    """Return the page that a mail's link leads to."""
    return _page("reset-password")


@app.post(
    f"{PREFIX}/auth/reset-password", summary="Set a new password with the token of a mail", tags=["auth"]
)
def set_password(body: Annotated[PasswordReset, Body()]) -> Message:
    """Set a new password with the token of a mail, which works once. All sign-ins of the account end."""
    reset_password(bootstrap.services(), body.token, body.new_password)
    return Message(message="Your password was changed. Please sign in with the new one.")


@app.post(f"{PREFIX}/auth/change-password", summary="Change your password", tags=["auth"])
def replace_password(body: Annotated[PasswordChange, Body()]) -> Message:
    """Replace the password; all other sign-ins end. A wrong current password counts as a failed login."""
    change_password(
        bootstrap.services(),
        _account(),
        app.claims,
        current=body.current_password,
        new=body.new_password,
        network=source_network(app.event),
    )
    return Message(message="Your password was changed. All other sign-ins have ended.")


@app.get(f"{PREFIX}/auth/me", summary="Get your profile", tags=["auth"])
def profile() -> ProfileAnswer:
    """Return the profile with its plan."""
    return ProfileAnswer.of(_account())


@app.patch(f"{PREFIX}/auth/me", summary="Change your profile", tags=["auth"])
def change_profile(body: Annotated[ProfileChange, Body()]) -> ProfileAnswer:
    """Change the name and the mails that are sent; omitted fields stay unchanged."""
    user = _account()
    if body.mail_preferences is not None:
        chosen = body.mail_preferences.model_dump(exclude_none=True)
        preferences = user.mail_preferences.model_copy(update=chosen)
        user = bootstrap.services().users.set_mail_preferences(user.id, preferences, now())
    if "full_name" in body.model_fields_set:
        user = bootstrap.services().users.rename(user.id, body.full_name, now())
    return ProfileAnswer.of(user)


@app.get(f"{PREFIX}/auth/sessions", summary="List your sign-ins", tags=["auth"])
def list_sessions() -> SessionsAnswer:
    """Return the sign-ins of the account that have not ended, the last one used first.

    An account has at most 200. A sign-in above this limit ends the oldest one.
    """
    app.limit_list(MOST_SESSIONS)
    found = bootstrap.services().sessions.of_user(_account(), now())
    return SessionsAnswer(
        items=[
            SessionAnswer(**session._asdict(), is_current=session.id == app.claims.scope) for session in found
        ]
    )


@app.delete(f"{PREFIX}/auth/sessions/<session_id>", summary="End a sign-in", status_code=204, tags=["auth"])
def end_session(session_id: str) -> Response[None]:
    """End a sign-in; the ID can be that of the current one. Its access tokens can no longer change data."""
    user = _account()
    if not is_id(session_id) or not bootstrap.services().sessions.close(user.id, session_id):
        raise NotFound("session_not_found", "There is no such sign-in. It may have ended.")
    return Response(HTTPStatus.NO_CONTENT)


@app.get(f"{PREFIX}/auth/unsubscribe", summary="Show the page that turns off a kind of mails", tags=["auth"])
def unsubscribing(token: UnsubscribeToken) -> Response[str]:
    """Return the page to which the unsubscribe link of a mail leads."""
    _, preference = unsubscriber(token, keys=bootstrap.keys())
    return _html(*unsubscribe_page(MAILS_OF[preference], done=False))


@app.post(f"{PREFIX}/auth/unsubscribe", summary="Turn off a kind of mails", tags=["auth"])
def unsubscribe_now(token: UnsubscribeToken) -> Response[str]:
    """Turn off a kind of mails, from the page or with a mail program's one-click request (RFC 8058)."""
    preference = unsubscribe(bootstrap.services(), token)
    return _html(*unsubscribe_page(MAILS_OF[preference], done=True))


@app.delete(f"{PREFIX}/auth/me", summary="Delete your account", tags=["auth"])
def delete_profile(body: Annotated[Deletion, Body()]) -> Message:
    """Delete the account with all its data and files.

    Running generations are cancelled, and all tokens are revoked at once.

    A wrong password counts as a failed login.
    """
    services, user = bootstrap.services(), _account()
    confirm_password(services, user, body.password, network=source_network(app.event))
    done = delete_account(services, user, until=now() + _DELETE_AT_ONCE)
    if done:
        return Message(message="Your account was deleted with all its data and files.")
    return Message(
        message="Your account was deleted. Its data and files are being removed in the background."
    )


@app.get(f"{PREFIX}/auth/me/export", summary="Export all data about you", tags=["auth"])
def export(
    cursor: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> Response[ExportAnswer]:
    """Return all data that is stored about the user. A large account is returned in parts, with ``next_cursor``."""
    user, time = _account(), now()
    page = bootstrap.services().exports.page(user.id, cursor)
    profiles = page.records.pop("profile")
    if cursor is None and user.quota_ledger is not None:
        ledgers = bootstrap.services().quotas.of_ledger(user.quota_ledger)
        page.records["quotas"] += [ledger.model_dump(mode="json") for ledger in ledgers]
    answer = ExportAnswer(
        exported_at=time,
        profile=profiles[0] if profiles else None,
        next_cursor=page.next_cursor,
        **page.records,
    )
    return Response(
        HTTPStatus.OK,
        content_type="application/json",
        body=answer,
        headers={"Content-Disposition": f'attachment; filename="llmready_export_{time:%Y-%m-%d}.json"'},
    )


def _account() -> User:
    return app.account(bootstrap.services().users.get(app.user_id))


def _check_captcha(answer: str | None) -> None:
    if not bootstrap.services().captcha.passes(answer, source_address(app.current_event.raw_event)):
        raise Invalid("captcha_token", "Please solve the captcha and try again.", code="captcha_failed")


def _page(name: str) -> Response[str]:
    return _html(*mail_page(name, f"{PREFIX}/auth/{name}"))


def _html(html: str, headers: dict[str, str]) -> Response[str]:
    return Response(HTTPStatus.OK, content_type="text/html; charset=utf-8", body=html, headers=dict(headers))


def _refresh_token(body: Refresh | None) -> str:
    """Return the refresh token of a request, from its cookie or its body."""
    if uses_cookie(app.event):
        return token_from_cookie(app.event, settings().session_cookie)
    if body is None or body.refresh_token is None:
        raise Invalid("refresh_token", "Field required")
    return body.refresh_token


def _answer(tokens: Tokens) -> Response[TokenAnswer | AccessAnswer]:
    answer = TokenAnswer(
        access_token=tokens.access_token, refresh_token=tokens.refresh_token, expires_in=tokens.expires_in
    )
    if not uses_cookie(app.event):
        return Response(HTTPStatus.OK, content_type="application/json", body=answer)
    return Response(
        HTTPStatus.OK,
        content_type="application/json",
        body=AccessAnswer(access_token=tokens.access_token, expires_in=tokens.expires_in),
        cookies=[session_cookie(settings().session_cookie, tokens.refresh_token)],
    )


_handle = app.entry()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request. Signing out removes the session cookie even if the request is refused."""
    answer = _handle(event, context)
    if event["rawPath"] == f"{PREFIX}/auth/logout" and uses_cookie(event):
        answer["cookies"] = [str(cleared_cookie(settings().session_cookie))]
    return answer
