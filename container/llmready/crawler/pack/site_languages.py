"""Determine the language of each page, and the main language of a site."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from llmready.crawler.languages import detected, fits, language_in, language_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.urls import Url

LONGEST_SAMPLE = 2000
"""Number of characters of the front page from which its language is detected."""

MOST_SAMPLES = 50
"""Number of pages from which the language of a site without a stated language is detected."""


LEAST_TRANSLATED = 0.2
"""The share of pages in another language from which on a site that states none counts as translated into it."""


class SiteLanguages(NamedTuple):
    """The main language of a site, empty where it is unknown, and the language of each page."""

    main: str
    of: Mapping[Url, str]


def site_languages(
    pages: Sequence[StoredPage], home: StoredPage, text_of: Callable[[StoredPage], str]
) -> SiteLanguages:
    """Determine the languages of a site.

    The language that a page states (`hreflang`, `lang`, `og:locale`) is used, if this language uses the script of the
    text. If no page states a language, the URL and the text of each page decide. The same applies if all pages state
    the same language, because of a template.
    """
    stated = {page.url: language_of(page.lang) for page in pages}
    is_uniform = len(set(stated.values())) == 1
    # Templates often state the language of a translation only on its front page, with `hreflang`.
    folders = {language_in(page.url) for page in pages if stated[page.url] == language_in(page.url)}
    found = {
        page.url: _in_folder(page, folders) or _of_page(page, stated[page.url], is_uniform=is_uniform)
        for page in pages
    }
    if is_uniform and not any(language_in(page.url) for page in pages):
        found = _as_partly_translated(found, stated[home.url])
    main = found[home.url] or _of_text(home, text_of) or _commonest(found.values())
    main = main or detected(" ".join(_sample(page) for page in pages[:MOST_SAMPLES]))
    return SiteLanguages(main, {url: language or main for url, language in found.items()})


def one_language(pages: Sequence[StoredPage], home: StoredPage) -> SiteLanguages:
    """Return the language that the front page states, for all pages. It takes little time."""
    language = language_of(home.lang)
    return SiteLanguages(language, {page.url: language for page in pages})


def _as_partly_translated(found: Mapping[Url, str], stated: str) -> dict[Url, str]:
    """Return one language for all pages of a site that is a translation with parts still in English.

    Only the texts of such pages show different languages, so the pages are not translations of each other. If the
    pages state no language, at least a fifth of the pages must not be in English.
    """
    counts = Counter(found.values())
    others = set(counts) - {"", "en"}
    if stated in ("", "en"):
        language = max(others, key=lambda one: (counts[one], one), default="")
        is_partly = not stated and len(others) == 1 and counts[language] >= LEAST_TRANSLATED * len(found)
    else:
        language, is_partly = stated, others <= {stated}
    return dict.fromkeys(found, language) if is_partly else dict(found)


def _in_folder(page: StoredPage, folders: Collection[str]) -> str:
    """Return the language in the URL of a page, if the site has this language and the text is not in another one."""
    language, sample = language_in(page.url), _sample(page)
    is_so = language in folders and fits(language, sample) and detected(sample) in ("", language)
    return language if is_so else ""


def _of_page(page: StoredPage, stated: str, *, is_uniform: bool) -> str:
    sample = _sample(page)
    in_address = language_in(page.url)
    if not is_uniform or (stated and in_address == stated):
        return _if_it_fits(stated, sample) if stated else detected(sample) or in_address
    by_text = detected(sample)
    if by_text == "zh" and in_address == "zh-hant":
        # Both are written in the same script.
        by_text = in_address
    if in_address and in_address != stated and fits(in_address, sample) and by_text in ("", in_address):
        # A folder such as /it/ may have another meaning than the language.
        return in_address if by_text or not stated or not fits(stated, sample) else stated
    # Templates are made in English; close relatives such as Danish and Norwegian are not told apart for certain.
    return by_text if by_text and stated in ("", "en") else _if_it_fits(stated, sample)


def _if_it_fits(stated: str, sample: str) -> str:
    return stated if not stated or fits(stated, sample) else detected(sample) or stated


def _of_text(home: StoredPage, text_of: Callable[[StoredPage], str]) -> str:
    return detected(text_of(home)[:LONGEST_SAMPLE])


def _commonest(languages: Iterable[str]) -> str:
    counts = Counter(language for language in languages if language)
    return max(counts, key=lambda language: (counts[language], language), default="")


def _sample(page: StoredPage) -> str:
    return " ".join((page.title, page.heading, page.description, page.excerpt, *page.headings))
