"""Arrange a site by its languages: the parts of the main language first, then one part for each translation.

The section of a translation has the language's own name. If a user chose languages, pages in other languages are in
`Optional`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from llmready.crawler.kinds import Kind
from llmready.crawler.languages import language_in, name_of
from llmready.crawler.pack.folders import kind_within, natural, shared_folders
from llmready.crawler.pack.places import key_of_page
from llmready.crawler.pack.sections import OPTIONAL, Part, divide
from llmready.crawler.pack.site_languages import SiteLanguages

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from llmready.crawler.model import StoredPage
    from llmready.crawler.store.navigation import SiteNavigation
    from llmready.crawler.urls import Url

MOST_TOGETHER = 60
"""Maximum pages of a translation in one section; more keep the sections of their navigation."""


def arrange(
    pages: Sequence[StoredPage],
    home: StoredPage,
    titles: Mapping[Url, str],
    site_name: str,
    text_of: Callable[[StoredPage], str],
    *,
    navigation: SiteNavigation | None,
    languages: SiteLanguages,
    chosen: Collection[str] = (),
) -> list[Part]:
    """Return the parts of a site in order; for the other parameters see `sections.divide`.

    `languages` are the languages of the pages, the main language first. `chosen` are the languages that a
    user wants. Empty for all languages.
    """
    groups: defaultdict[str, list[StoredPage]] = defaultdict(list)
    foreign: list[StoredPage] = []
    optional: list[StoredPage] = []
    shared = shared_folders(pages, home)
    for page in pages:
        language = languages.of[page.url]
        is_content = kind_within(page.url, titles[page.url], shared) is Kind.CONTENT
        is_wanted = not chosen or language in chosen
        if language == languages.main or (is_wanted and (is_content or page is home)):
            groups[language].append(page)
        else:
            foreign.append(page)
    _keep_single_pages(groups, languages.main, home)
    # With thousands of languages, reading all menus again for each of them would take hours.
    menus = _menus_by_language(navigation, groups) if navigation and len(groups) > 1 else None

    def parts_of(language: str) -> list[Part]:
        group = groups[language]
        found = divide(
            group,
            front_page(group, home),
            titles,
            site_name,
            text_of,
            navigation=navigation if menus is None else menus[language],
            is_english=language in ("", "en"),
        )
        optional.extend(page for part in found if part.title == OPTIONAL for page in part.pages)
        return [part for part in found if part.title != OPTIONAL]

    parts = parts_of(languages.main) if groups[languages.main] else []
    if parts and not parts[0].title:
        parts[0].title = site_name
    others = [language for language in groups if language != languages.main]
    names = {language: name_of(language, beside_traditional="zh-hant" in groups) for language in others}
    taken = {part.title.casefold() for part in parts}
    order = {language: place for place, language in enumerate(chosen)}
    for language in sorted(others, key=lambda one: (order.get(one, 0), -len(groups[one]), one)):
        found = parts_of(language)
        if len(groups[language]) <= MOST_TOGETHER:
            found = [Part("", [page for part in found for page in part.pages])]
        for part in found:
            if part.pages:
                is_first = part is found[0] or not part.title
                title = names[language] if is_first else f"{names[language]}: {part.title}"
                parts.append(Part(_free(title, language, taken), part.pages))
    optional += sorted(foreign, key=lambda page: natural(page.url))
    if optional:
        parts.append(Part(OPTIONAL, optional))
    return parts


def _menus_by_language(
    navigation: SiteNavigation, groups: Mapping[str, Sequence[StoredPage]]
) -> defaultdict[str, SiteNavigation]:
    """Return the menus of each language, with only the links to its pages."""
    pages = {page.url.key: page for group in groups.values() for page in group}
    language_of = {page.url.key: language for language, group in groups.items() for page in group}
    return navigation.parts(lambda link: language_of.get(key_of_page(link.url.key, pages, navigation) or ""))


def front_page(pages: Sequence[StoredPage], home: StoredPage) -> StoredPage:
    """Return the site's front page if it is in these pages of one language, otherwise the topmost page."""
    if home in pages:
        return home
    return min(pages, key=lambda page: (page.url.path.count("/"), len(page.url.target), page.url))


def _keep_single_pages(groups: dict[str, list[StoredPage]], main: str, home: StoredPage) -> None:
    """Keep a single page in another language, such as a legal notice, among the other pages."""
    for language in [one for one in groups if one != main]:
        group = groups[language]
        if len(group) == 1 and (group[0] is home or language_in(group[0].url) != language):
            groups[main] += groups.pop(language)


def _free(title: str, language: str, taken: set[str]) -> str:
    found = title if title.casefold() not in taken else f"{title} ({language})"
    taken.add(found.casefold())
    return found
