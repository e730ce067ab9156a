"""Read the site's name from its web app manifest, if its front page does not state a name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from llmready.crawler.characters import clean_line
from llmready.crawler.convert.charset import decode
from llmready.crawler.deadline import in_time
from llmready.crawler.engine.scope import same_registrable
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.response import Response
from llmready.crawler.page.brand import LONGEST_NAME, read_brand
from llmready.crawler.page.character_references import attribute_of
from llmready.crawler.urls import join

if TYPE_CHECKING:
    from llmready.crawler.engine.site import OpenedSite
    from llmready.crawler.fetch.site_client import SiteClient
    from llmready.crawler.urls import Url

LONGEST_MANIFEST = 200_000
LONGEST_HEAD = 200_000
"""Characters of the front page that are searched for the link to the manifest."""

_LINK = re.compile(r"<link\s[^<>]{1,2000}>", re.IGNORECASE)
_REL = re.compile(r"\srel\s*=\s*[\"']?manifest(?=[\"'\s/>])", re.IGNORECASE)
_HREF = re.compile(
    r"\shref\s*=\s*(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|([^\s\"'>]{1,2000}))", re.IGNORECASE
)
_STATED = re.compile(r"og:site_name|\bapplication-name", re.IGNORECASE)


async def read_app_name(client: SiteClient, site: OpenedSite) -> str:
    """Return the `name`, else the `short_name`, of the manifest (W3C Web Application Manifest), or an empty text.

    Nothing is fetched if the front page names the site, or if robots.txt forbids the manifest.
    """
    if not isinstance(site.response, Response):
        return ""
    front = site.response
    try:
        url = in_time(lambda: _manifest_of(front), front.url)
        if url is None or not same_registrable(site.start, url) or not site.robots.allows(url):
            return ""
        response = await client.get(url, accept="application/manifest+json,*/*;q=0.1", limit=LONGEST_MANIFEST)
        response.raise_for_status()
        return in_time(lambda: _name_in(response.body), url)
    except Failure:
        return ""


def _manifest_of(front: Response) -> Url | None:
    """Return the URL of the manifest that the front page links to.

    Return None if there is none, or if the page names the site.
    """
    head = decode(front.body, front.stated_type)[:LONGEST_HEAD]
    link = next((tag for tag in _LINK.findall(head) if _REL.search(tag)), "")
    href = _HREF.search(link)
    if href is None or _STATED.search(head) or read_brand(head).names:
        return None
    return join(front.url, attribute_of(href[1] or href[2] or href[3]))


def _name_in(body: bytes) -> str:
    try:
        manifest = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    names = (manifest.get("name"), manifest.get("short_name")) if isinstance(manifest, dict) else ()
    lines = (clean_line(name[: 10 * LONGEST_NAME]) for name in names if isinstance(name, str))
    return next((line for line in lines if 1 < len(line) <= LONGEST_NAME), "")
