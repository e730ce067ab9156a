"""Passwords: which are acceptable, how they are stored, how they are checked."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from llmready.domain.errors import Invalid

SHORTEST = 8
LONGEST = 128

# OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane; about 40 ms here.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# What an unknown address is checked against, so that it takes as long as a wrong password.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$UdVKZ+KstXSjSLcrY2ymMg$NdiKcO/yZQ94AH1N8h9ZZ4sV6S+Rl7pbWWNofJKmO7M"


def refuse_weak(password: str) -> None:
    """Refuse a password that is known to be common.

    Raises:
        Invalid: It stands in a list of the most used passwords.
    """
    if password.lower() in _common() or len(set(password)) == 1:
        raise Invalid(
            "password", "This password is too common; choose another one.", code="password_too_common"
        )


def hashed(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Tell whether a password is the stored one; takes as long when there is none."""
    try:
        _hasher.verify(stored or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - large, and only needed here

    return frozenset(FREQUENCY_LISTS["passwords"])
