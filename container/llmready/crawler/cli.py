"""`llmready crawl`: one site in, one archive out."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmready.crawler.crawl import check_out, crawl
from llmready.crawler.engine.patterns import split_list
from llmready.crawler.failures import Code, Failure
from llmready.crawler.options import (
    AnswerFiles,
    LinkTarget,
    Options,
    Surroundings,
    read_blocked,
    read_surroundings,
)
from llmready.crawler.report.events import Events, Lines
from llmready.crawler.urls import BadUrl, parse_typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmready.crawler.report.events import Reporter

EXIT_FAILED = 1
EXIT_USAGE = 2
_EXIT_SIGNAL = 128

_ANSWER_FILES = {
    "previous": "answers that the last crawl of this site kept; only what changed is fetched again",
    "shared": "answers that other crawls shared; used while they are fresh",
    "keep": "write the answers for the next crawl of this site",
    "share": "write the answers that any cache may keep, for others",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments of a crawl, so that it can be a command of its own or a part of one."""
    parser.add_argument("url", help="where to begin, such as example.com/docs")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--include", default="", metavar="P,P", help="only these pages: path globs or words")
    parser.add_argument("--exclude", default="", metavar="P,P", help="not these pages: path globs or words")
    parser.add_argument("--max-pages", default="100", metavar="N", help="pages at most (default: 100)")
    parser.add_argument("--timeout", default="300", metavar="S", help="seconds of fetching (default: 300)")
    parser.add_argument("--use-playwright", action="store_true", help="render pages in a browser")
    parser.add_argument("--blocked-hosts", metavar="FILE", help="hosts that are not crawled, one a line")
    for name, text in _ANSWER_FILES.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=text)
    parser.add_argument(
        "--link-target",
        default="page",
        metavar="page|markdown",
        help="where the links of llms.txt lead: to the site's pages (default) or to the Markdown files",
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="write down how far the crawl is, now and then and at SIGTERM"
    )
    parser.add_argument("--resume", metavar="FILE", help="go on from the checkpoint of the same crawl")
    parser.add_argument("--zip", action="store_true", help="also write DIR.zip")
    parser.add_argument(
        "--events", action="store_true", help="tell progress as JSON lines on standard output"
    )


def run(args: argparse.Namespace) -> int:
    """Crawl as the arguments say.

    Returns: 0 when all files are there, 1 after a failure, 2 for bad arguments, 128 + signal when stopped.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    try:
        options = _options(args)
        surroundings = replace(read_surroundings(), blocked=read_blocked(_file(args.blocked_hosts)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    reporter: Reporter = Events() if args.events else Lines()
    return asyncio.run(_run(options, surroundings, reporter))


def main(argv: Sequence[str] | None = None) -> int:
    """Run as a program of its own."""
    parser = argparse.ArgumentParser(prog="crawler", description="One site in, one archive out.")
    add_arguments(parser)
    return run(parser.parse_args(argv))


async def _run(options: Options, surroundings: Surroundings, reporter: Reporter) -> int:
    loop = asyncio.get_running_loop()
    task = loop.create_task(crawl(options, surroundings, reporter))
    stopped_by: list[int] = []

    def stop(number: int) -> None:
        stopped_by.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    reporter.started(str(options.start))
    try:
        reporter.completed(await task)
    except Failure as failure:
        reporter.failed(failure)
        return EXIT_FAILED
    except asyncio.CancelledError:
        # Threads that still resolve a name or write a file would hold up the exit for seconds.
        reporter.close()
        os._exit(_EXIT_SIGNAL + stopped_by[0])
    except Exception:
        logging.getLogger(__name__).exception("the crawl broke")
        reporter.failed(
            Failure(Code.INTERNAL_ERROR, "The crawler met a fault of its own; it is not the site's.")
        )
        return EXIT_FAILED
    return 0


def _options(args: argparse.Namespace) -> Options:
    out = Path(os.path.abspath(args.out))  # noqa: PTH100 - resolve() would follow a link that is to be replaced
    check_out(out)
    try:
        start = parse_typed(args.url)
    except BadUrl as error:
        raise ValueError(str(error)) from None
    return Options(
        start=start,
        out=out,
        include=split_list(args.include),
        exclude=split_list(args.exclude),
        max_pages=_whole("--max-pages", args.max_pages, 1_000_000),
        timeout=_whole("--timeout", args.timeout, 86_400),
        use_playwright=args.use_playwright,
        zip=args.zip,
        checkpoint=_file(args.checkpoint),
        resume=_file(args.resume),
        link_target=_link_target(args.link_target),
        files=AnswerFiles(**{name: _file(getattr(args, name)) for name in _ANSWER_FILES}),
    )


def _file(text: str | None) -> Path | None:
    return Path(text) if text else None


def _link_target(text: str) -> LinkTarget:
    if text == "markdown":
        return "markdown"
    if text != "page":
        raise ValueError(f"--link-target wants page or markdown, not “{text[:40]}”.")
    return "page"


def _whole(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise ValueError(f"{name} wants a whole number from 1 to {most}, not “{text[:40]}”.")
    return int(text)
