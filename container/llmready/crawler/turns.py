"""Turns: the parent process controls on standard input when this crawl may send requests.

Each line is a command: `run` allows requests, `wait` stops further requests. When the last requests have ended after
`wait`, the crawl reports `waiting`. At the end of the input, the last command stays in effect.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmready.crawler.fetch.gate import Gate
    from llmready.crawler.report.reporter import Reporter

_LONGEST_LINE = 64  # bytes


async def take_turns(gate: Gate, reporter: Reporter) -> None:
    """Open and close a gate as standard input says, until its end."""
    lines = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    try:
        while line := await lines.readline():
            match line.strip():
                case b"run":
                    gate.open()
                case b"wait":
                    gate.close()
                    await gate.quiet()
                    reporter.waiting()
    finally:
        transport.close()
