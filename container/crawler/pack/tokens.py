"""How many tokens a text is, estimated without a tokenizer's vocabulary, which would have to be downloaded."""

from __future__ import annotations

COUNTED_BY = "llmready-estimate-1"
"""Named in the manifest, so that a reader knows that the figures are an estimate, and which."""

_LETTERS = bytes(range(65, 91)) + bytes(range(97, 123))
_DIGITS = b"0123456789"
_BLANKS = b" \t\n"
_HIGH = bytes(range(128, 256))
_PER_WORD, _PER_LETTER, _PER_DIGIT, _PER_MARK, _PER_HIGH = 0.5, 0.12, 0.4, 0.55, 0.35


def estimate_tokens(data: bytes, words: int) -> int:
    """Estimate the tokens of a text, within about a tenth of OpenAI's o200k_base over pages of documentation.

    Parameters: `data`, UTF-8; `words`, separated by white space. The coefficients are a least-squares fit of
    words, letters, digits, marks and bytes of other scripts, made by `bench/tokens.py`.
    """
    letters, digits, high = (
        len(data) - len(data.translate(None, kind)) for kind in (_LETTERS, _DIGITS, _HIGH)
    )
    marks = len(data.translate(None, _LETTERS + _DIGITS + _HIGH + _BLANKS))
    tokens = (
        _PER_WORD * words + _PER_LETTER * letters + _PER_DIGIT * digits + _PER_MARK * marks + _PER_HIGH * high
    )
    return max(round(tokens), min(words, 1))
