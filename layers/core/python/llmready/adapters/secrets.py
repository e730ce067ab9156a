"""The keys that sign tokens, and the secrets of providers."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.parameters import get_secret
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from pydantic import BaseModel, ConfigDict

from llmready.domain.clock import Moment
from llmready.domain.errors import TryAgain

CACHED_SECONDS = 300


class SigningKeys(BaseModel):
    """Two keys at most are accepted: the newest, and the one before it.

    The newest signs from ``signs_from`` on; until then the one before does, so that nobody meets a token whose key it
    has not read yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kid: str
    secret: str
    signs_from: Moment | None = None
    previous_kid: str | None = None
    previous_secret: str | None = None

    def signing(self, time: datetime) -> tuple[str, str]:
        """Return id and secret of the key that signs at ``time``."""
        waits = self.signs_from is not None and time < self.signs_from
        if waits and self.previous_kid and self.previous_secret:
            return self.previous_kid, self.previous_secret
        return self.kid, self.secret

    def secret_of(self, kid: object) -> str | None:
        """Return the secret that ``kid`` names, None for an unknown one."""
        if kid == self.kid:
            return self.secret
        return self.previous_secret if kid is not None and kid == self.previous_kid else None


def signing_keys(arn: str) -> SigningKeys:
    """Return the signing keys, cached for five minutes."""
    return SigningKeys.model_validate(_secret(arn, transform="json"))


def provider_secret(arn: str) -> str:
    """Return a provider's secret, such as an API key, cached for five minutes."""
    return str(_secret(arn))


def _secret(arn: str, **options: Any) -> Any:
    try:
        return get_secret(arn, max_age=CACHED_SECONDS, **options)
    except GetParameterError as error:
        raise TryAgain from error
