"""What belongs to the site that is crawled."""

from __future__ import annotations

from llmready.crawler.urls import DEFAULT_PORTS, Url


def same_registrable(one: Url, other: Url) -> bool:
    """Say whether two URLs lie under one registered name, so that a redirect between them stays at home.

    http and https, apex and www, and a name and its own subdomains count as one; two sibling subdomains
    do not, because without the list of public suffixes nobody can tell whether they have one owner.
    """
    if not _same_door(one, other):
        return False
    first, second = _bare(one.host), _bare(other.host)
    if first == second:
        return True
    if one.literal is not None or other.literal is not None:
        return False
    shorter, longer = sorted((first, second), key=len)
    return "." in shorter and longer.endswith(f".{shorter}")


def adopt(site: Url, url: Url) -> Url | None:
    """Return the URL as the site's own, or None when it lies elsewhere.

    Parameters: `site`, any URL of the site in the form the site prefers; `url`, a link. www and apex,
    http and https of one site are the same place: the site's own form is kept.
    """
    if url.host == site.host and url.port == site.port and url.scheme == site.scheme:
        return url
    if _bare(url.host) == _bare(site.host) and _same_door(site, url):
        return url._replace(scheme=site.scheme, host=site.host, port=site.port)
    return None


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _same_door(one: Url, other: Url) -> bool:
    defaults = DEFAULT_PORTS.values()
    return one.port == other.port or (one.port in defaults and other.port in defaults)
