"""Check the strength of passwords, hash them, and compare them with stored hashes."""

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from llmready.domain.errors import Invalid

SHORTEST = 8
LONGEST = 128

# OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane; about 40 ms here. A stored hash contains
# its parameters; a hash with other parameters is replaced at the next login.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# The hash that is checked for an unknown address, so that the check takes as long as for a wrong password.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$UdVKZ+KstXSjSLcrY2ymMg$NdiKcO/yZQ94AH1N8h9ZZ4sV6S+Rl7pbWWNofJKmO7M"

# Words that are often varied with digits and punctuation: Password1!, Qwerty2024, l3tm3in.
_DRESSED_UP = 1000
_LEET = str.maketrans("01345@$!7", "oieasasit")
_LETTER = re.compile(r"[^\d\W_]")


def refuse_weak(password: str, *, own: tuple[str | None, ...], field: str = "password") -> None:
    """Refuse a password that is common or easy to guess.

    Args:
        password: The new password.
        own: Texts that others know about the owner, such as the address and the name.
        field: The body field that contains the password.

    Raises:
        Invalid: It is a common password, a simple variation of one, or the owner's name or address.
    """
    word = _comparable(password)
    ranks = _common()
    bare = {_without_ornament(word), _without_ornament(word.translate(_LEET))}
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


def _without_ornament(word: str) -> str:
    """Return a word without the digits and the punctuation at its ends."""
    first = _LETTER.search(word)
    last = _LETTER.search(word[::-1])
    return word[first.start() : len(word) - last.start()] if first and last else ""


def hashed(password: str) -> str:
    """Return the hash of a password in the form that is stored."""
    return _hasher.hash(_composed(password))


def matches(stored: str | None, password: str) -> bool:
    """Return whether a password matches a stored hash. Takes equally long if there is no stored hash."""
    try:
        _hasher.verify(stored or _NOBODY, _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Return whether a hash was created with other parameters than the current ones."""
    return _hasher.check_needs_rehash(stored)


def _composed(password: str) -> str:
    # Normalise the password, because keyboards can encode the same characters differently (NIST SP 800-63B).
    return unicodedata.normalize("NFKC", password)


def _comparable(text: str) -> str:
    return _composed(text).casefold().strip()


@cache
def _common() -> dict[str, int]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - large, and only needed here

    return {word: rank for rank, word in enumerate(FREQUENCY_LISTS["passwords"])}
