"""``/auth``: accounts and sign-in."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from llmready import bootstrap
from llmready.domain.clock import now
from llmready.domain.errors import TooManyRequests, Unauthenticated
from llmready.http.api import PREFIX, Api
from llmready.http.gate import source_address
from llmready.http.schemas.auth import (
    Login,
    ProfileAnswer,
    ProfileChange,
    Refresh,
    Registration,
    TokenAnswer,
)
from llmready.http.schemas.common import Message
from llmready.settings import settings
from llmready.usecases.register_user import register_user
from llmready.usecases.sign_in import Tokens, sign_in, sign_out, stay_signed_in

app = Api(open_paths=frozenset({"/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"}))


@app.post(f"{PREFIX}/auth/register", summary="Sign up", status_code=201, tags=["auth"])
def register(body: Annotated[Registration, Body()]) -> Message:
    """Make an account. The answer is the same when the address already has one; its owner then gets a mail."""
    _limit("registrations", settings().registrations_per_minute)
    register_user(
        email=body.email,
        password=body.password,
        full_name=body.full_name,
        users=bootstrap.users(),
        outbox=bootstrap.outbox(),
        mail_queue=bootstrap.mail_queue(),
        time=now(),
    )
    return Message(message="Your account is ready. You can sign in now.")


@app.post(f"{PREFIX}/auth/login", summary="Sign in", tags=["auth"])
def login(body: Annotated[Login, Body()]) -> TokenAnswer:
    """Return an access token and a refresh token."""
    _limit("logins", settings().logins_per_minute)
    tokens = sign_in(
        email=body.email,
        password=body.password,
        users=bootstrap.users(),
        sessions=bootstrap.sessions(),
        lockout=bootstrap.lockout(),
        keys=bootstrap.keys(),
        time=now(),
    )
    return _answer(tokens)


@app.post(f"{PREFIX}/auth/refresh", summary="Stay signed in", tags=["auth"])
def refresh(body: Annotated[Refresh, Body()]) -> TokenAnswer:
    """Return new tokens; the refresh token is used up by it, and using it again ends the whole sign-in."""
    tokens = stay_signed_in(
        refresh_token=body.refresh_token,
        users=bootstrap.users(),
        sessions=bootstrap.sessions(),
        keys=bootstrap.keys(),
        time=now(),
    )
    return _answer(tokens)


@app.post(f"{PREFIX}/auth/logout", summary="Sign out", status_code=204, tags=["auth"])
def logout(body: Annotated[Refresh, Body()]) -> Response[None]:
    """Revoke a sign-in."""
    sign_out(refresh_token=body.refresh_token, sessions=bootstrap.sessions(), keys=bootstrap.keys())
    return Response(HTTPStatus.NO_CONTENT)


@app.get(f"{PREFIX}/auth/me", summary="The own profile", tags=["auth"])
def profile() -> ProfileAnswer:
    """Return the profile with its plan."""
    user = bootstrap.users().get(app.user_id)
    if user is None:
        raise Unauthenticated("invalid_token", "The account of this token no longer exists.")
    return ProfileAnswer.of(user)


@app.patch(f"{PREFIX}/auth/me", summary="Change the own profile", tags=["auth"])
def change_profile(body: Annotated[ProfileChange, Body()]) -> ProfileAnswer:
    """Change the name."""
    return ProfileAnswer.of(bootstrap.users().rename(app.user_id, body.full_name, now()))


def _limit(name: str, per_minute: int) -> None:
    address = source_address(app.current_event.raw_event)
    if wait := bootstrap.limiter().take(name, address, per_minute=per_minute, time=now()):
        raise TooManyRequests(
            "too_many_requests", "Too many requests from this address; please wait.", retry_after=wait
        )


def _answer(tokens: Tokens) -> TokenAnswer:
    return TokenAnswer(
        access_token=tokens.access_token, refresh_token=tokens.refresh_token, expires_in=tokens.expires_in
    )


handler = app.entry()
