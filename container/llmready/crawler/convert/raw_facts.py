"""The facts of a page as the converter reports them."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class RawFacts(TypedDict):
    """Values from the HTML of a page, with character references not yet resolved.

    Keys:
        lang: The `lang` attribute of the root element.
        title: Content of `<title>`.
        heading: Text of the first heading.
        base: The `href` of `<base>`; missing without one.
        metas: Name, `http-equiv` and content of each `<meta>`.
        related: Relation, address, type and `hreflang` of each `<link>`.
        dates: Dates of the last change, the most reliable first.
        published: Dates of the publication, the most reliable first.
        offer: Price and properties of the page's product, if its text shows them.
        page_type: What kind of page it is; `container/mdream/page_type.mjs` names the kinds.
        navigation: The menus of the page as JSON, or empty; `container/mdream/navigation.mjs` describes it.
        is_menu: Whether the page is only the menu of a frameset.
        is_frameset: Whether the page is a frameset.
        is_from_mdream: Whether Mdream wrote the Markdown, as of very large pages; missing for other pages.
        links: Addresses of the links without their fragments, in the page's order.
    """

    lang: str
    title: str
    heading: str
    base: NotRequired[str]
    metas: list[tuple[str, str, str]]
    related: list[tuple[str, str, str, str]]
    dates: list[str]
    published: list[str]
    offer: list[str]
    page_type: str
    navigation: str
    is_menu: bool
    is_frameset: bool
    is_from_mdream: NotRequired[bool]
    links: list[str]
