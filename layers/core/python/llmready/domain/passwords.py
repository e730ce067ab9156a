"""Passwords: which are acceptable, how they are stored, how they are checked."""

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from llmready.domain.errors import Invalid

SHORTEST = 8
LONGEST = 128

# OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane; about 40 ms here. A stored hash names
# its parameters, and one with others is replaced at the next login.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# What an unknown address is checked against, so that it takes as long as a wrong password.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$UdVKZ+KstXSjSLcrY2ymMg$NdiKcO/yZQ94AH1N8h9ZZ4sV6S+Rl7pbWWNofJKmO7M"

# The words that are dressed up most: Password1!, Qwerty2024, l3tm3in.
_DRESSED_UP = 1000
_LEET = str.maketrans("01345@$!7", "oieasasit")
_ORNAMENT = re.compile(r"^[\d\W_]+|[\d\W_]+$")


def refuse_weak(password: str, *, own: tuple[str | None, ...], field: str = "password") -> None:
    """Refuse a password that is known or easily guessed.

    Args:
        password: The new password.
        own: What others know of its owner, such as the address and the name.
        field: The body field that holds it.

    Raises:
        Invalid: It is a common password, a simple variation of one, or the owner's name or address.
    """
    word = _comparable(password)
    ranks = _common()
    bare = {_ORNAMENT.sub("", word), _ORNAMENT.sub("", word.translate(_LEET))}
    if (
        word in ranks
        or len(set(word)) == 1
        or any(ranks.get(form, _DRESSED_UP) < _DRESSED_UP for form in bare)
    ):
        raise Invalid(field, "This password is too common; choose another one.", code="password_too_common")
    names = {_comparable(part) for text in own if text for part in (text, text.partition("@")[0])}
    if names & {word, *bare}:
        raise Invalid(
            field,
            "The password must not be your own name or email address; choose another one.",
            code="password_too_common",
        )


def hashed(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher.hash(_composed(password))


def matches(stored: str | None, password: str) -> bool:
    """Tell whether a password is the stored one; takes as long when there is none."""
    try:
        _hasher.verify(stored or _NOBODY, _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a password was stored with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _composed(password: str) -> str:
    # The same characters, whichever way a keyboard spells them (NIST SP 800-63B).
    return unicodedata.normalize("NFKC", password)


def _comparable(text: str) -> str:
    return _composed(text).casefold().strip()


@cache
def _common() -> dict[str, int]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - large, and only needed here

    return {word: rank for rank, word in enumerate(FREQUENCY_LISTS["passwords"])}
