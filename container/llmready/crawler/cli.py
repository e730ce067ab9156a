"""The command `llmready crawl`: read its arguments and run the crawl."""

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

from llmready.crawler import startup
from llmready.crawler.characters import clean_text
from llmready.crawler.failures import Code, Failure
from llmready.crawler.languages import language_of
from llmready.crawler.list_option import ListOption
from llmready.crawler.operator_settings import (
    OperatorSettings,
    read_blocked_hosts,
    read_operator_settings,
)
from llmready.crawler.options import MIB, CacheFiles, Layout, LinkTarget, Options
from llmready.crawler.pack.publish import check_out
from llmready.crawler.report.events import EventReporter
from llmready.crawler.report.terminal import TerminalReporter
from llmready.crawler.urls import BadUrl, has_scheme, parse_typed
from llmready.patterns import split_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmready.crawler.report.reporter import Reporter

EXIT_FAILED = 1
EXIT_USAGE = 2
_EXIT_SIGNAL = 128

_CACHE_FILES = {
    "previous": "responses that the last crawl of this site stored; only changed pages are fetched again",
    "shared": "responses that other crawls stored, used while they are fresh",
    "keep": "store responses for the next crawl of this site",
    "share": "store publicly cacheable responses for other crawls",
}


class CleanFormatter(logging.Formatter):
    """Remove control and invisible characters, which a site may have sent, from messages and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the cleaned text of a record, with its traceback."""
        return clean_text(super().format(record))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a crawl to the parser of a command."""
    parser.add_argument("url", help="page to start with, such as example.com/docs")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--include",
        default="",
        action=ListOption,
        metavar="P,P",
        help="crawl only these pages: path globs or words",
    )
    parser.add_argument(
        "--exclude",
        default="",
        action=ListOption,
        metavar="P,P",
        help="leave these pages out: path globs or words",
    )
    parser.add_argument(
        "--languages",
        default="",
        action=ListOption,
        metavar="L,L",
        help="languages with sections, the main one first, such as fr,en (others are listed in Optional)",
    )
    parser.add_argument(
        "--max-pages", default="100", metavar="N", help="maximum number of pages (default: 100)"
    )
    parser.add_argument(
        "--timeout",
        default="300",
        metavar="S",
        help="maximum duration of the crawl in seconds (default: 300)",
    )
    parser.add_argument(
        "--try-http",
        action="store_true",
        help="use http if https does not work (the default for a URL without a scheme)",
    )
    parser.add_argument("--use-playwright", action="store_true", help="render pages in a browser")
    parser.add_argument(
        "--memory",
        default="1536",
        metavar="MIB",
        help="memory for the crawler and its browser in MiB; the browser gets two thirds (default: 1536)",
    )
    parser.add_argument(
        "--blocked-hosts", metavar="FILE", help="file with hosts that must not be crawled, one per line"
    )
    for name, text in _CACHE_FILES.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=text)
    parser.add_argument(
        "--link-target",
        default="page",
        metavar="page|markdown",
        help="link targets in llms.txt: the site's pages (default) or the Markdown files",
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="file to write checkpoints to, every few seconds and at SIGTERM"
    )
    parser.add_argument("--resume", metavar="FILE", help="checkpoint of the same crawl to continue")
    parser.add_argument("--found", metavar="FILE", help="file to write the paths of all found page URLs to")
    parser.add_argument("--zip", action="store_true", help="also write DIR.zip")
    parser.add_argument(
        "--layout",
        default="zip",
        metavar="zip|web-root",
        help="layout of the folder: as in the archive (default), or each page at the path of its URL",
    )
    parser.add_argument(
        "--events", action="store_true", help="report progress as JSON lines on standard output"
    )
    parser.add_argument(
        "--take-turns",
        action="store_true",
        help="send requests only between the lines `run` and `wait` on standard input",
    )


def run(args: argparse.Namespace) -> int:
    """Crawl a site.

    Returns the exit code: 0 if all files are written, 1 after a failure, 2 for wrong arguments. After a
    signal, it is 128 + the number of the signal.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CleanFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    try:
        options = _options(args)
        settings = replace(read_operator_settings(), blocked=read_blocked_hosts(_file(args.blocked_hosts)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    if args.take_turns:  # started by a worker
        startup.end_before_the_worker()
    reporter: Reporter = EventReporter() if args.events else TerminalReporter()
    return asyncio.run(_run(options, settings, reporter, takes_turns=args.take_turns))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the crawler as a separate program."""
    parser = argparse.ArgumentParser(
        prog="crawler", description="Crawl one site and write llms.txt, llms-full.txt and its pages."
    )
    add_arguments(parser)
    return run(parser.parse_args(argv))


async def _run(options: Options, settings: OperatorSettings, reporter: Reporter, *, takes_turns: bool) -> int:
    # Imported here, so that the command line works without the packages that only a crawl needs.
    from llmready.crawler.crawl import crawl  # noqa: PLC0415
    from llmready.crawler.fetch.gate import Gate  # noqa: PLC0415
    from llmready.crawler.turns import take_turns  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    gate = Gate(is_open=not takes_turns)
    task = loop.create_task(crawl(options, settings, reporter, gate))
    turns = loop.create_task(take_turns(gate, reporter)) if takes_turns else None
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
        # A regular exit would wait for threads that resolve a name or write a file.
        reporter.close()
        os._exit(_EXIT_SIGNAL + stopped_by[0])
    except Exception:
        logging.getLogger(__name__).exception("the crawler failed")
        reporter.failed(
            Failure(
                Code.INTERNAL_ERROR,
                "The crawler failed because of an internal error. The site is not the cause.",
            )
        )
        return EXIT_FAILED
    finally:
        if turns is not None:
            turns.cancel()
    return 0


def _options(args: argparse.Namespace) -> Options:
    out = Path(os.path.abspath(args.out))  # noqa: PTH100 - resolve() would follow a link that is to be replaced
    layout = _layout(args.layout)
    if layout == "zip":
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
        languages=_languages(args.languages),
        max_pages=_whole_number("--max-pages", args.max_pages, 1_000_000),
        timeout=_whole_number("--timeout", args.timeout, 86_400),
        try_http=args.try_http or not has_scheme(args.url),
        use_playwright=args.use_playwright,
        memory=_whole_number("--memory", args.memory, 1_000_000) * MIB,
        zip=args.zip,
        checkpoint=_file(args.checkpoint),
        resume=_file(args.resume),
        found=_file(args.found),
        link_target=_link_target(args.link_target),
        layout=layout,
        files=CacheFiles(**{name: _file(getattr(args, name)) for name in _CACHE_FILES}),
    )


def _file(text: str | None) -> Path | None:
    return Path(text) if text else None


def _languages(text: str) -> list[str]:
    tags = split_list(text)
    for tag in tags:
        if not language_of(tag):
            raise ValueError(f"--languages must be codes such as fr or pt-BR, not “{tag[:40]}”.")
    return tags


def _layout(text: str) -> Layout:
    if text == "web-root":
        return "web-root"
    if text != "zip":
        raise ValueError(f"--layout must be zip or web-root, not “{text[:40]}”.")
    return "zip"


def _link_target(text: str) -> LinkTarget:
    if text == "markdown":
        return "markdown"
    if text != "page":
        raise ValueError(f"--link-target must be page or markdown, not “{text[:40]}”.")
    return "page"


def _whole_number(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise ValueError(f"{name} must be a whole number from 1 to {most}, not “{text[:40]}”.")
    return int(text)
