"""Independent pages are converted by several converters at the same time."""

import asyncio
import json
from contextlib import AsyncExitStack

from llmready.crawler.convert.converters import Converters
from llmready.crawler.convert.node_child import Converter
from tests.crawler.test_large_pages import converted

URL = "https://example.com/"


async def _markdown_of(converter: Converter, text: str) -> str:
    return await converter.convert(f"<p>{text}</p>".encode(), URL)


def test_a_further_converter_is_used_only_while_all_others_are_busy() -> None:
    async def go() -> None:
        converters = Converters(2)
        await converters.start()
        try:
            async with converters.least_busy() as first:
                assert await _markdown_of(first, "first") == "first"
            async with converters.least_busy() as again:
                assert again is first
                async with converters.least_busy() as second:
                    assert second is not first
                    assert await _markdown_of(second, "second") == "second"
                    async with converters.least_busy() as third:
                        assert third in (first, second)
        finally:
            await converters.close()

    asyncio.run(go())


def test_pages_are_shared_equally() -> None:
    async def go() -> list[int]:
        converters = Converters(3)
        await converters.start()
        try:
            async with AsyncExitStack() as stack:
                lent = [await stack.enter_async_context(converters.least_busy()) for _ in range(9)]
                return [lent.count(one) for one in set(lent)]
        finally:
            await converters.close()

    assert asyncio.run(go()) == [3, 3, 3]


def test_lines_keep_their_order_with_several_converters() -> None:
    lines = [
        {"id": number, "url": URL, "html": f"<p>{'word ' * (20_000 if number % 5 == 0 else 1)}{number}</p>"}
        for number in range(40)
    ]
    answers = converted("".join(json.dumps(line) + "\n" for line in lines))
    assert [answer["id"] for answer in answers] == list(range(40))
    assert all(answer["markdown"].endswith(f"word {answer['id']}") for answer in answers)
