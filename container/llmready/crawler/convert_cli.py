"""The command `llmready convert`: read its arguments and convert one page, or many."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from llmready.crawler.failures import Failure
from llmready.crawler.urls import BadUrl

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

EXIT_FAILED = 1
EXIT_USAGE = 2
READ_BYTES = 1 << 18
"""Bytes of JSON lines that are read at once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="HTML file (default, or -: standard input)"
    )
    parser.add_argument("--url", default="", metavar="URL", help="address of the page, for its links")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="write Markdown, title, description and page type as JSON"
    )
    form.add_argument(
        "--jsonl",
        action="store_true",
        help='convert many pages: read lines {"id", "url", "html"} or {"id", "url", "body_base64", "content_type"}, '
        'write lines {"id", "markdown", "title", "description", "page_type"} in the same order',
    )


def run(args: argparse.Namespace) -> int:
    """Convert pages.

    Returns the exit code: 0 if all pages were converted, 1 if a page could not be converted, 2 for wrong
    arguments.
    """
    if args.jsonl:
        return _run_lines(args.file)
    if not args.url:
        print("The address of the page is missing. Set it with --url URL.", file=sys.stderr)
        return EXIT_USAGE
    # Imported here, so that the command line works without the packages that only the crawler needs.
    from llmready.crawler.single_pages import convert_one  # noqa: PLC0415

    try:
        body = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
        page = _until_terminated(convert_one(body, args.url))
    except OSError as error:
        print(f"{args.file} cannot be read: {error.strerror}.", file=sys.stderr)
        return EXIT_FAILED
    except BadUrl as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except Failure as failure:
        print(failure, file=sys.stderr)
        return EXIT_FAILED
    print(json.dumps(asdict(page), ensure_ascii=False) if args.json else page.markdown)
    return 0


def _run_lines(file: str) -> int:
    from llmready.crawler.single_pages import convert_lines  # noqa: PLC0415

    try:
        # Not closed, because closing waits for a read that may never return.
        source = (
            open(0, "rb", buffering=READ_BYTES, closefd=False)  # noqa: SIM115
            if file == "-"
            else Path(file).open("rb", buffering=READ_BYTES)  # noqa: SIM115
        )
    except OSError as error:
        print(f"{file} cannot be read: {error.strerror}.", file=sys.stderr)
        return EXIT_FAILED
    target = open(1, "wb", buffering=0, closefd=False)  # noqa: SIM115
    try:
        return 0 if _until_terminated(convert_lines(source, cast("BinaryIO", target))) else EXIT_FAILED
    except Failure as failure:
        print(failure, file=sys.stderr)
    return EXIT_FAILED


def _until_terminated(work: Coroutine[None, None, T]) -> T:
    """Run asynchronous work. SIGTERM cancels it, as `asyncio.run` does for SIGINT, and is raised again at its end.

    A handler that raises an exception would not end the work: the event loop only logs what a callback raises.
    """
    handler, is_terminated = signal.getsignal(signal.SIGTERM), False

    async def cancellable() -> T:
        task = asyncio.current_task()

        def terminate() -> None:
            nonlocal is_terminated
            is_terminated = True
            if task is not None:
                task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
        return await work

    try:
        return asyncio.run(cancellable())
    finally:
        signal.signal(signal.SIGTERM, handler)
        if is_terminated:
            signal.raise_signal(signal.SIGTERM)
