"""Language codes, and the detection of languages in addresses and texts."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from string import ascii_letters
from typing import TYPE_CHECKING
from urllib.parse import unquote

from llmready.crawler.language_names import ALIASES, AUTONYMS, NAMES_IN_ADDRESSES, WORDS

if TYPE_CHECKING:
    from llmready.crawler.urls import Url

FEWEST_LETTERS = 12
"""Number of letters below which the language of a text is not detected."""

SHARE_OF_SCRIPT = 0.4
"""Minimum share of the letters for the script of a text.

It is not a majority, because names and code are often Latin.
"""

FEWEST_WORDS = 3
SHARE_OF_WORDS = 0.12
LEAD = 1.4
"""A language is recognised by at least FEWEST_WORDS of its frequent words, if they are at least SHARE_OF_WORDS of all
words of the text. Their weight must be at least LEAD times the weight of every other language.
"""

LETTERS_OF_IDEOGRAPH = 2.5

_ASCII_LETTERS = ascii_letters.encode()
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}")
_SEGMENT = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{2}|[a-z]{4}))?(?:[-_][a-z]{2})?")
_SUFFIX = re.compile(r"[._-]([a-z]{2}(?:[-_][a-z]{2})?)(?:\.[a-z0-9]{2,5})?$")
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
_QUERIES = ("lang", "language", "locale", "hl", "l")
_DEEPEST = 2
"""Number of leading path segments that are searched for a language."""

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "kana": re.compile("[\u3040-\u30ff]"),
    "han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
    "hangul": re.compile("[\uac00-\ud7af]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
    "arabic": re.compile("[\u0600-\u06ff\u0750-\u077f]"),
    "hebrew": re.compile("[\u0590-\u05ff]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "thai": re.compile("[\u0e00-\u0e7f]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
    "bengali": re.compile("[\u0980-\u09ff]"),
    "tamil": re.compile("[\u0b80-\u0bff]"),
    "georgian": re.compile("[\u10a0-\u10ff]"),
    "armenian": re.compile("[\u0530-\u058f]"),
}
_OF_SCRIPT = {
    "kana": ("ja",),
    "han": ("zh", "zh-hant", "ja"),
    "hangul": ("ko",),
    "cyrillic": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg", "tt", "uz", "bs", "az"),
    "arabic": ("ar", "fa", "ur", "ps", "ug", "ku"),
    "hebrew": ("he", "yi"),
    "greek": ("el",),
    "thai": ("th",),
    "devanagari": ("hi", "mr", "ne"),
    "bengali": ("bn",),
    "tamil": ("ta",),
    "georgian": ("ka",),
    "armenian": ("hy",),
}
"""Languages of scripts, the commonest first."""

_TOLD_BY_LETTERS = (
    ("cyrillic", "uk", re.compile("[\u0456\u0457\u0454\u0491]")),
    ("cyrillic", "be", re.compile("[\u045e]")),
    ("cyrillic", "sr", re.compile("[\u0452\u045b\u045f\u0459\u045a\u0458]")),
    ("arabic", "fa", re.compile("[\u067e\u0686\u0698\u06af]")),
    ("arabic", "ur", re.compile("[\u0679\u0688\u0691\u06d2]")),
)
_WORDS = {language: frozenset(words.split()) for language, words in WORDS.items()}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _known_words in _WORDS.items():
    for _word in _known_words:
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_OTHER_SCRIPTS = frozenset(
    language
    for languages in _OF_SCRIPT.values()
    for language in languages
    if language not in ("uz", "bs", "az", "ku")
)


@lru_cache(maxsize=1024)
def language_of(tag: str) -> str:
    """Return the language of a BCP 47 tag in small letters, without its region: `pt-BR` is `pt`.

    Chinese in traditional characters is `zh-hant`. The result is empty if the text is not a language tag.
    """
    tag = tag.strip().lower().replace("_", "-")
    if not _TAG.fullmatch(tag):
        return ""
    first, *rest = tag.split("-")
    first = ALIASES.get(first, first)
    return "zh-hant" if first == "zh" and not _TRADITIONAL.isdisjoint(rest) else first


def name_of(language: str, *, beside_traditional: bool = False) -> str:
    """Return the name of a language in that language, else its code.

    Args:
        language: Tag of the language.
        beside_traditional: Distinguish simplified from traditional Chinese.
    """
    if language == "zh" and beside_traditional:
        return "简体中文"
    return AUTONYMS.get(language, language)


@lru_cache(maxsize=16384)
def language_in(url: Url) -> str:
    """Return the language that a URL contains, such as in `/fr/`, `/docs/pt-br/`, `page.de.html`, `?lang=ja`.

    If it contains no language, return an empty text.
    """
    for part in url.query.split("&") if url.query else ():
        name, _, value = part.partition("=")
        if name.lower() in _QUERIES and (found := _known(value.lower())):
            return found
    parts = [unquote(part, errors="replace").lower() for part in url.path.split("/") if part]
    for part in parts[:_DEEPEST]:
        if found := _known(part):
            return found
    suffix = _SUFFIX.search(parts[-1]) if parts else None
    return _known(suffix[1]) if suffix else ""


@lru_cache(maxsize=4096)
def _known(name: str) -> str:
    if name in AUTONYMS and name != "la":
        return name
    if name in NAMES_IN_ADDRESSES:
        return NAMES_IN_ADDRESSES[name]
    found = language_of(name) if _SEGMENT.fullmatch(name) and len(name) > 3 else ""
    return found if found in AUTONYMS else ""


def fits(language: str, text: str) -> bool:
    """Return whether the script of a text fits a language; a text without a clear script fits all languages."""
    script = _script_of(text)
    if not script:
        return True
    return language in _OF_SCRIPT[script] if script != "latin" else language not in _OTHER_SCRIPTS


def detected(text: str) -> str:
    """Return the language of a text, or an empty text if it is not certain.

    The script or frequent words show the language.
    """
    script = _script_of(text)
    if not script:
        return ""
    if script == "latin":
        return _by_words(text)
    for of_script, language, letters in _TOLD_BY_LETTERS:
        if of_script == script and letters.search(text):
            return language
    return _OF_SCRIPT[script][0]


def _script_of(text: str) -> str:
    """Return the script of most letters of a text, or an empty text if there are too few letters."""
    if text.isascii():
        letters = len(text) - len(text.encode().translate(None, _ASCII_LETTERS))
        return "latin" if letters >= FEWEST_LETTERS else ""
    letters = sum(map(str.isalpha, text))
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS.items()}
    weights = {
        name: number * (LETTERS_OF_IDEOGRAPH if name in ("kana", "han", "hangul") else 1)
        for name, number in counts.items()
    }
    whole = sum(weights.values()) + max(0, letters - sum(counts.values()))
    if whole < FEWEST_LETTERS:
        return ""
    east_asian = weights["kana"] + weights["han"]
    if east_asian >= SHARE_OF_SCRIPT * whole:
        # Japanese mixes Chinese characters with its own.
        return "kana" if weights["kana"] >= 0.1 * east_asian else "han"
    script = max(weights, key=lambda name: weights[name])
    return script if weights[script] >= SHARE_OF_SCRIPT * whole else "latin"


def _by_words(text: str) -> str:
    words = Counter(_WORD.findall(text.casefold()))
    if not words:
        return ""
    scores = dict.fromkeys(_WORDS, 0.0)
    found = dict.fromkeys(_WORDS, 0)
    for word, count in words.items():
        languages = _LANGUAGES_OF.get(word, ())
        for language in languages:
            # The more languages share a word, the lower its weight.
            scores[language] += count / len(languages)
            found[language] += count
    ranked = sorted(scores, key=lambda language: (-scores[language], language))
    best, second = ranked[0], ranked[1]
    if {best, second} == {"da", "no"} or {best, second} == {"cs", "sk"}:
        second = ranked[2]
    is_certain = (
        found[best] >= max(FEWEST_WORDS, SHARE_OF_WORDS * words.total())
        and scores[best] >= LEAD * scores[second]
    )
    return best if is_certain else ""
