"""Creating API keys and checking those that requests carry."""

from datetime import datetime, timedelta

from llmready.domain.api_keys import MOST_KEYS, ApiKey, Scope, is_well_formed, key_digest, new_secret
from llmready.domain.clock import new_id
from llmready.domain.errors import Invalid, TryAgain, Unauthenticated
from llmready.domain.tokens import Audience, Claims
from llmready.services import Services

# How old last_used_at may be; each write of it costs two items, so not every request makes one.
_USE_NOTED_EVERY = timedelta(hours=1)


def create_api_key(
    services: Services,
    user_id: str,
    *,
    name: str,
    scopes: tuple[Scope, ...],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """Store a new key of a user.

    Returns:
        The stored key, and the key itself, which cannot be read again.

    Raises:
        Invalid: The key would have expired already.
        Forbidden: The user has the greatest number of keys.
        NotFound: The account does not exist any more.
    """
    time = services.clock()
    if expires_at is not None and expires_at <= time:
        raise Invalid("expires_at", "The expiry must be in the future.")
    secret = new_secret()
    key = ApiKey(
        id=new_id(),
        user_id=user_id,
        name=name,
        digest=key_digest(secret),
        last_four=secret[-4:],
        scopes=scopes,
        created_at=time,
        expires_at=expires_at,
    )
    services.api_keys.create(key, limit=MOST_KEYS)
    return key, secret


def check_api_key(services: Services, text: str) -> Claims:
    """Return the claims of an API key that a request carries.

    Raises:
        Unauthenticated: The key is malformed, unknown, revoked or expired. The detail does not distinguish these
            cases.
    """
    refusal = Unauthenticated("invalid_token", "The API key is not valid: it is unknown, revoked or expired.")
    if not is_well_formed(text):
        raise refusal
    time = services.clock()
    key = services.api_keys.by_digest(key_digest(text))
    if key is None or key.is_expired(time):
        raise refusal
    if key.last_used_at is None or time - key.last_used_at >= _USE_NOTED_EVERY:
        _note_use(services, key, time)
    return Claims(
        aud=Audience.API_KEY,
        sub=key.user_id,
        jti=key.id,
        iat=key.created_at.timestamp(),
        exp=key.expires_at.timestamp() if key.expires_at is not None else float("inf"),
        scopes=frozenset(key.scopes),
    )


def _note_use(services: Services, key: ApiKey, time: datetime) -> None:
    try:
        services.api_keys.note_use(key, time)
    except TryAgain:
        # The next request of the key notes its use; this one must not fail because of a statistic.
        services.log.warning("last use of an API key not stored", key_id=key.id)
