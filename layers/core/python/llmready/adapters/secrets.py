"""The key that signs tokens, and the mail provider's."""

from typing import Any

from aws_lambda_powertools.utilities.parameters import get_secret
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from pydantic import BaseModel, ConfigDict

from llmready.domain.errors import TryAgain

_CACHED_SECONDS = 300


class SigningKeys(BaseModel):
    """The key that signs, and the one before it, which is still accepted."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kid: str
    secret: str
    previous_kid: str | None = None
    previous_secret: str | None = None

    def secret_of(self, kid: object) -> str | None:
        """Return the secret that ``kid`` names, None for an unknown one."""
        if kid == self.kid:
            return self.secret
        return self.previous_secret if kid is not None and kid == self.previous_kid else None


def signing_keys(arn: str) -> SigningKeys:
    """Return the signing keys, cached for five minutes."""
    return SigningKeys.model_validate(_secret(arn, transform="json"))


def sendgrid_key(arn: str) -> str:
    """Return SendGrid's API key, cached for five minutes."""
    return str(_secret(arn))


def _secret(arn: str, **options: Any) -> Any:
    try:
        return get_secret(arn, max_age=_CACHED_SECONDS, **options)
    except GetParameterError as error:
        raise TryAgain from error
