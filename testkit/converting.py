"""Convert single pages in the same way as a crawl."""

from __future__ import annotations

import asyncio

from llmready.crawler.convert.node_child import Converter
from llmready.crawler.single_pages import HTML_IN_UTF8, ConvertedPage, convert

URL = "https://example.com/walks/path.html"


def converted(html: str | bytes, url: str = URL, content_type: str = HTML_IN_UTF8) -> ConvertedPage:
    """Convert one page. Raises: Failure."""

    async def run() -> ConvertedPage:
        converter = Converter()
        await converter.start()
        try:
            body = html.encode() if isinstance(html, str) else html
            return await convert(body, content_type, url, converter)
        finally:
            await converter.close()

    return asyncio.run(run())
