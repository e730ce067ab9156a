"""Convert single pages to Markdown in the same way as a crawl."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from llmready.crawler.convert.converters import Converters
from llmready.crawler.failures import Failure
from llmready.crawler.fetch.response import Response
from llmready.crawler.page.html import read_html
from llmready.crawler.page.media import Media, media_of, not_a_page
from llmready.crawler.page.prepare import aside_if_large, shown_text
from llmready.crawler.page.text import read_text
from llmready.crawler.stream_thread import StreamThread
from llmready.crawler.urls import BadUrl, parse_typed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import BinaryIO

    from llmready.crawler.convert.node_child import Converter

MAX_WAITING = 8
"""Pages that are read ahead while the first of them is converted."""

HTML_IN_UTF8 = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ConvertedPage:
    """Markdown and metadata of a page; `page_type` is empty for pages that are not HTML."""

    markdown: str
    title: str
    description: str
    page_type: str


async def convert(body: bytes, content_type: str, url: str, converter: Converter) -> ConvertedPage:
    """Convert one page as a crawl does.

    Args:
        body: Body of the response.
        content_type: The header Content-Type.
        url: URL of the page.
        converter: The converter, which was started.

    Raises:
        Failure: The response is not a page. Or the page has no text, cannot be converted or takes too long.
        BadUrl: The URL is not valid.
    """
    address = parse_typed(url)
    response = Response(address, 200, {"Content-Type": content_type}, body)
    media = media_of(response)
    # Without a media type, the caller's word that it is a page counts.
    if media is Media.BINARY or (media is Media.OTHER and response.content_type):
        raise not_a_page(response, media)
    if media in (Media.MARKDOWN, Media.TEXT):
        page, markdown = await aside_if_large(len(body), lambda: read_text(response, address, 0), address)
        return ConvertedPage(markdown, page.title, page.description, "")
    content = await read_html(response, converter)
    markdown, title, description = await aside_if_large(
        len(content.markdown), lambda: shown_text(content, address), address
    )
    return ConvertedPage(markdown, title, description, content.metadata.page_type)


@asynccontextmanager
async def _started() -> AsyncIterator[Converters]:
    converters = Converters()
    await converters.start()
    try:
        yield converters
    finally:
        await converters.close()


async def convert_one(body: bytes, url: str) -> ConvertedPage:
    """Convert one page whose response is not known. Raises: as `convert`."""
    async with _started() as converters, converters.least_busy() as converter:
        # Without a header, the encoding that the page itself declares is used.
        return await convert(body, "text/html", url, converter)


async def convert_lines(source: BinaryIO, target: BinaryIO) -> bool:
    """Convert the pages of JSON lines in their order, with a bounded number of them in memory.

    Args:
        source: JSON lines to read, in UTF-8. The help of `llmready convert --jsonl` describes them.
        target: Receives one JSON line per page, in UTF-8. It should be unbuffered.

    Returns:
        Whether all pages were converted.

    Raises:
        Failure: The converter is not installed (converter_failed).
        OSError: A line cannot be read or written.
    """
    async with _started() as converters:
        reader, writer = StreamThread(), StreamThread()
        waiting: deque[asyncio.Task[dict[str, Any]]] = deque()
        try:
            is_complete = True
            reading: asyncio.Future[bytes] | None = reader.call(source.readline)
            while reading is not None or waiting:
                # Each result is written at once, because a program may send the next line only after it has read it.
                expected: list[asyncio.Future[Any]] = [*list(waiting)[:1]]
                if reading is not None and len(waiting) < MAX_WAITING:
                    expected.append(reading)
                await asyncio.wait(expected, return_when=asyncio.FIRST_COMPLETED)
                if waiting and waiting[0].done():
                    answer = waiting.popleft().result()
                    await writer.call(partial(_write, target, answer))
                    is_complete &= "error" not in answer
                if reading is not None and reading.done() and len(waiting) < MAX_WAITING:
                    line = reading.result()
                    reading = reader.call(source.readline) if line else None
                    if line.strip():
                        waiting.append(asyncio.create_task(_convert_line(line, converters)))
            return is_complete
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            reader.close()
            writer.close()


def _write(target: BinaryIO, answer: dict[str, Any]) -> None:
    # UTF-8 has no single surrogates. The escape of this error handler is that of JSON.
    line = (json.dumps(answer, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    while line:
        line = line[target.write(line) :]


async def _convert_line(line: bytes, converters: Converters) -> dict[str, Any]:
    """Convert the page of one line. After a failure, its Markdown is empty, and `error` contains the reason."""
    answer: dict[str, Any] = {"id": None, "markdown": "", "title": "", "description": "", "page_type": ""}
    try:
        # Bytes that are not UTF-8 affect only their own line.
        asked = json.loads(line.decode("utf-8", errors="replace"))
        answer["id"] = asked.get("id")
        address = _text(asked, "url")
        if "body_base64" in asked:
            body = base64.b64decode(_text(asked, "body_base64"), validate=True)
            content_type = str(asked.get("content_type") or "")
        else:
            body, content_type = _text(asked, "html").encode("utf-8", errors="replace"), HTML_IN_UTF8
        async with converters.least_busy() as converter:
            answer.update(asdict(await convert(body, content_type, address, converter)))
    except (Failure, BadUrl) as error:
        answer["error"] = str(error)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError, binascii.Error):
        answer["error"] = (
            'The line is not a JSON object with "id", "url" and "html", or "body_base64" and "content_type".'
        )
    return answer


def _text(asked: dict[str, Any], name: str) -> str:
    """Return a value of a line that has to be a text. Raises: KeyError, TypeError."""
    value = asked[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value
