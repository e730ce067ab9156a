"""Find the website that a person names by its ID, its name or its address."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from llmready.cli.client.output import plain
from llmready.cli.client.session import Refused, Session
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed
from llmready.domain.clock import is_id

_PER_PAGE = 100
ID_PREFIX = r"[0-9a-f-]{4,36}"
"""What may be the start of an ID."""


def all_sites(session: Session, **filters: Any) -> Iterator[dict[str, Any]]:
    """Iterate over the websites, newest first."""
    cursor: str | None = None
    while True:
        params = {**filters, "per_page": _PER_PAGE, **({"cursor": cursor} if cursor else {})}
        answer = session.call("GET", "/websites", params=params)
        yield from answer["items"]
        if (cursor := answer["next_cursor"]) is None:
            return


def find_site(session: Session, text: str) -> dict[str, Any]:
    """Return the website with this ID, beginning of an ID, name or address.

    Raises:
        CommandFailed: There is none, or several match.
    """
    found = _known(session, text)
    if found is None:
        raise CommandFailed(
            f'you have no website "{plain(text)}"; run `llmready sites list` to list your websites',
            ExitCode.NOT_FOUND,
        )
    return found


def find_or_add_site(session: Session, text: str) -> dict[str, Any]:
    """Return the website with this ID, name or address. A new address is added."""
    found = _known(session, text)
    if found is not None:
        return found
    if not re.search(r"[.:/]", text):
        return find_site(session, text)
    try:
        added: dict[str, Any] = session.call("POST", "/websites", json={"url": text})
    except Refused as refused:
        problem = refused.problem or {}
        if problem.get("code") != "website_exists" or not problem.get("website_id"):
            raise
        added = session.call("GET", f"/websites/{quote(problem['website_id'], safe='')}")
    return added


def _known(session: Session, text: str) -> dict[str, Any] | None:
    if is_id(text):
        try:
            site: dict[str, Any] = session.call("GET", f"/websites/{text}")
        except Refused as refused:
            if refused.code is not ExitCode.NOT_FOUND:
                raise
            return None
        return site
    sites = list(all_sites(session))
    address = _address(text)
    for site in sites:
        if _address(site["url"]) == address:
            return site
    named = [site for site in sites if site["name"].casefold() == text.strip().casefold()]
    if len(named) > 1:
        raise CommandFailed(f'{len(named)} websites have the name "{plain(text)}"; use the address or the ID')
    if named:
        return named[0]
    if not re.fullmatch(ID_PREFIX, text):
        return None
    begun = [site for site in sites if site["id"].startswith(text)]
    if len(begun) > 1:
        raise CommandFailed(f"several websites begin with {text}; type more of the ID")
    return begun[0] if begun else None


def _address(text: str) -> str:
    """Return an address in the form that the service compares: without scheme, ``www.`` and trailing slash."""
    rest = re.sub(r"^https?://", "", text.strip(), flags=re.IGNORECASE)
    host, slash, path = rest.partition("/")
    return (host.lower().removeprefix("www.") + slash + path).rstrip("/")
