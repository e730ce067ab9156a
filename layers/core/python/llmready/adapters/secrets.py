"""The keys that sign tokens, the secret header of the distribution, and the secrets of providers."""

import hashlib
import hmac
import math
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from aws_lambda_powertools.utilities.parameters import get_secret
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment, now
from llmready.domain.errors import TryAgain
from llmready.domain.tokens import LONGEST_LIFETIMES, Audience

CACHED_SECONDS = 60
_REREAD_SECONDS = 10
_CLOCKS_DIFFER = timedelta(minutes=1)


class SigningKeys(BaseModel):
    """The keys of a stage: the newest signing key, the previous signing key, and the key of fingerprints.

    The newest key signs from ``signs_from`` on. Until then, the previous key signs. Every function has read
    the new key before a token is signed with it. Afterwards the previous key is accepted for each kind of
    token for its longest lifetime, for example 15 minutes for access tokens.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kid: str
    secret: str
    signs_from: Moment | None = None
    previous_kid: str | None = None
    previous_secret: str | None = None
    fingerprint_secret: str | None = None

    def signing(self, time: datetime) -> tuple[str, str]:
        """Return ID and secret of the key that signs at ``time``."""
        waits = self.signs_from is not None and time < self.signs_from
        if waits and self.previous_kid and self.previous_secret:
            return self.previous_kid, self.previous_secret
        return self.kid, self.secret

    def secret_of(self, kid: object, audience: Audience) -> str | None:
        """Return the secret of the key named ``kid``, or None if tokens for ``audience`` may not be signed by it."""
        if kid == self.kid:
            return self.secret
        if kid is None or kid != self.previous_kid or now() >= self.previous_ends(audience):
            return None
        return self.previous_secret

    def previous_ends(self, audience: Audience) -> datetime:
        """Return the time from which tokens for ``audience`` that the previous key signed are refused."""
        if self.signs_from is None:
            return datetime.max.replace(tzinfo=UTC)
        return self.signs_from + LONGEST_LIFETIMES[audience] + _CLOCKS_DIFFER

    @property
    def fingerprint_key(self) -> str:
        """The key for fingerprints.

        It does not change when signing keys are rotated, so that stored fingerprints still match.
        """
        if self.fingerprint_secret is not None:
            return self.fingerprint_secret
        return hmac.new(self.secret.encode(), b"llmready fingerprints", hashlib.sha256).hexdigest()


class StoredSigningKeys:
    """Implements :class:`llmready.domain.tokens.Keys` with the keys of a stage, which are read once a minute.

    If a token names an unknown key, which may be new, the keys are read again, at most every ten seconds.

    Args:
        arn: ARN of the secret with the keys.
    """

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._reread_at = -math.inf

    def signing(self, time: datetime) -> tuple[str, str]:
        """Return ID and secret of the key that signs at ``time``."""
        return self._keys().signing(time)

    def secret_of(self, kid: object, audience: Audience) -> str | None:
        """Return the secret of the key named ``kid``, or None if tokens for ``audience`` may not be signed by it."""
        keys = self._keys()
        is_known = kid in (keys.kid, keys.previous_kid)
        if isinstance(kid, str) and not is_known and monotonic() - self._reread_at >= _REREAD_SECONDS:
            self._reread_at = monotonic()
            keys = self._keys(force_fetch=True)
        return keys.secret_of(kid, audience)

    @property
    def fingerprint_key(self) -> str:
        """The key of fingerprints."""
        return self._keys().fingerprint_key

    def _keys(self, **options: Any) -> SigningKeys:
        return SigningKeys.model_validate(_secret(self._arn, transform="json", **options))


class OriginSecret(BaseModel):
    """The values of the distribution's secret header: the newest, and during a rotation also the previous value."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: str
    previous: str | None = None

    @property
    def accepted(self) -> tuple[str, ...]:
        """The values that are accepted, the newest first."""
        return (self.value,) if self.previous is None else (self.value, self.previous)


class StoredOriginSecret:
    """The secret header of a stage, read once a minute.

    If a value is not accepted, it may be new. The secret is then read again, at most every ten seconds.

    Args:
        arn: ARN of the secret.
    """

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._reread_at = -math.inf

    def accepted(self, given: str) -> tuple[str, ...]:
        """Return the values that are accepted.

        Args:
            given: The value that a request has.
        """
        accepted = self._read().accepted
        if given and given not in accepted and monotonic() - self._reread_at >= _REREAD_SECONDS:
            self._reread_at = monotonic()
            accepted = self._read(force_fetch=True).accepted
        return accepted

    def _read(self, **options: Any) -> OriginSecret:
        return OriginSecret.model_validate(_secret(self._arn, transform="json", **options))


def provider_secret(arn: str) -> str:
    """Return a provider's secret, such as an API key, cached for a minute."""
    return str(_secret(arn))


def _secret(arn: str, **options: Any) -> Any:
    try:
        return get_secret(arn, max_age=CACHED_SECONDS, **options)
    except GetParameterError as error:
        raise TryAgain from error
