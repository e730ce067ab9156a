"""``llmready generate``, ``watch``, ``cancel``, ``download``, ``history`` and ``quota``."""

# ruff: noqa: PLC0415 - rich and httpx take long to import, and only some of these commands need them

import argparse
import re
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.output import day, plain, print_fields, print_json, print_table, say, size
from llmready.cli.client.session import Refused, Session
from llmready.cli.client.site_names import ID_PREFIX, find_or_add_site, find_site
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed
from llmready.domain.clock import is_id

_AWAY = 120.0  # seconds for which the server may be unreachable while a generation is watched
_PER_PAGE = 100
_ENDED = ("completed", "failed", "cancelled")


def add_commands(add: Add) -> None:
    """Add the commands for generations."""
    generate = client_command(add, "generate", _generate, "Start a generation. A new URL becomes a website.")
    generate.add_argument("site", metavar="URL|SITE", help="a URL, or a website's name or ID")
    generate.add_argument("--wait", action="store_true", help="show the progress until the generation ends")
    generate.add_argument("--download", action="store_true", help="wait for the end, then download the files")
    _add_out(generate)
    watch = client_command(add, "watch", _watch, "Show the progress of a generation until it ends.")
    watch.add_argument(
        "generation",
        metavar="GENERATION",
        nargs="?",
        help="its ID, or its first characters (default: the newest)",
    )
    cancel = client_command(add, "cancel", _cancel, "Cancel a running generation. It costs no quota.")
    cancel.add_argument(
        "generation",
        metavar="GENERATION",
        nargs="?",
        help="its ID, or its first characters (default: the newest)",
    )
    fetch = client_command(add, "download", _download, "Download the files of a generation.")
    fetch.add_argument(
        "target",
        metavar="GENERATION|SITE",
        nargs="?",
        help="its ID, its first characters, or a website (default: the newest completed)",
    )
    _add_out(fetch)
    history = client_command(add, "history", _history, "List your generations, newest first.")
    history.add_argument("--site", metavar="SITE", help="only generations of this website")
    history.add_argument(
        "--status", choices=("pending", "processing", *_ENDED), help="only generations in this state"
    )
    history.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="how many to list (default: 20)"
    )
    history.add_argument("--all", action="store_true", help="list all generations")
    client_command(add, "quota", _quota, "Show how many generations are left this month.")


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--out", type=Path, metavar="PATH", help="file or folder to write (default: here)"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _generate(session: Session, options: argparse.Namespace) -> int:
    site = find_or_add_site(session, options.site)
    # All attempts of this start share one key, so a repeated request does not start a second generation.
    started = session.call(
        "POST",
        "/generations/start",
        json={"website_id": site["id"]},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    generation_id = started["generation_id"]
    if not (options.wait or options.download):
        if options.json:
            print_json(started)
        else:
            print(f"Started {generation_id} for {plain(site['name'])}.")
            say(f"`llmready watch {generation_id}` shows the progress. You get an email when it ends.")
        return ExitCode.DONE
    return _ended(session, options, generation_id, name=site["name"], and_download=options.download)


def _watch(session: Session, options: argparse.Namespace) -> int:
    generation_id = find_generation(session, options.generation)
    return _ended(session, options, generation_id, name="", and_download=False)


def _cancel(session: Session, options: argparse.Namespace) -> int:
    generation_id = find_generation(session, options.generation)
    answer = session.call("POST", f"/generations/{generation_id}/cancel")
    if options.json:
        print_json(answer)
    else:
        print(f"Cancelled {generation_id}.")
    return ExitCode.DONE


def _download(session: Session, options: argparse.Namespace) -> int:
    if options.target is None:
        generation_id = newest(session, status="completed")["id"]
    elif is_id(options.target):
        generation_id = _generation_or_website(session, options.target)
    else:
        generation_id = _named_generation(session, options.target)
    from llmready.cli.client.downloading import download_files

    return download_files(session, generation_id, options.out, force=options.force, as_json=options.json)


def _history(session: Session, options: argparse.Namespace) -> int:
    filters = {"status": options.status} if options.status else {}
    if options.site:
        filters["website_id"] = find_site(session, options.site)["id"]
    wanted = None if options.all else options.limit
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    total = 0
    while wanted is None or len(found) < wanted:
        per_page = _PER_PAGE if wanted is None else min(_PER_PAGE, wanted - len(found))
        params = {**filters, "per_page": per_page, **({"cursor": cursor} if cursor else {})}
        answer = session.call("GET", "/generations/history", params=params)
        found += answer["items"]
        total, cursor = answer["total"], answer["next_cursor"]
        if cursor is None:
            break
    if options.json:
        print_json(found)
    elif not found:
        say("There are no generations yet. Start one with `llmready generate URL`.")
    else:
        rows = [
            (
                [entry["website_name"], entry["id"]],
                day(entry["created_at"]),
                [entry["status"], entry["error_message"]] if entry["error_message"] else entry["status"],
                f"{entry['pages_crawled']}/{entry['total_pages']}",
                size(entry["file_size"]),
            )
            for entry in found
        ]
        print_table(
            ("website, generation", "started", "status", "#pages", "#size"),
            rows,
            fixed=("started", "#pages", "#size"),
        )
        if total > len(found):
            say(f"{len(found)} of {total} are listed; use --limit or --all for more.")
    return ExitCode.DONE


def _quota(session: Session, options: argparse.Namespace) -> int:
    quota = session.call("GET", "/generations/quota/check")
    if options.json:
        print_json(quota)
    else:
        print_fields(
            {
                "used": f"{quota['generations_used']} of {quota['generations_limit']} this month",
                "remaining": quota["remaining_generations"],
                "resets": day(quota["resets_at"]) if quota.get("resets_at") else "on the 1st (UTC)",
            }
        )
        print(plain(quota["message"]))
    return ExitCode.DONE


def _ended(
    session: Session, options: argparse.Namespace, generation_id: str, *, name: str, and_download: bool
) -> int:
    """Wait for the end of a generation, report it, and download the files if asked to."""
    try:
        done = follow(session, generation_id, plain(name))
    except KeyboardInterrupt:
        raise CommandFailed(
            f"interrupted; the generation continues, and `llmready watch {generation_id}` shows it",
            ExitCode.INTERRUPTED,
        ) from None
    if done["status"] != "completed":
        if options.json:
            print_json(done)
        reason = plain(done["error_message"] or f"the generation was {done['status']}")
        raise CommandFailed(reason, ExitCode.GENERATION_FAILED)
    if and_download:
        from llmready.cli.client.downloading import download_files

        return download_files(session, generation_id, options.out, force=options.force, as_json=options.json)
    if options.json:
        print_json(done)
    else:
        failed = f", {done['pages_failed']} could not be read" if done["pages_failed"] else ""
        print(f"Completed: {done['pages_crawled']} pages{failed}, {size(done['file_size'])}.")
        for warning in done.get("warnings") or ():
            print(plain(warning))
        if quality := done.get("quality"):
            print(f"llms.txt scores {quality['score']} of 100.")
            for reason in quality["reasons"]:
                print(f"  -{reason['points']}: {plain(reason['detail'])}")
                if remedy := reason.get("remedy"):
                    print(f"      {plain(remedy)}")
        say(f"`llmready download {generation_id}` fetches the files.")
    return ExitCode.DONE


def follow(session: Session, generation_id: str, name: str) -> dict[str, Any]:
    """Poll a generation until it ends and return it. A terminal shows a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[pages]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task(name, total=100, pages="")
        away_since: float | None = None
        while True:
            try:
                found: dict[str, Any] = session.call("GET", f"/generations/{generation_id}")
                away_since = None
            except CommandFailed as failure:
                if failure.code is not ExitCode.UNREACHABLE:
                    raise
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > _AWAY:
                    raise
            else:
                pages = (
                    f"{found['pages_crawled']}/{found['total_pages']} pages" if found["total_pages"] else ""
                )
                progress.update(
                    task,
                    completed=found["progress_percentage"],
                    description=f"{name} {found['status']}".strip(),
                    pages=pages,
                )
                if found["status"] in _ENDED:
                    return found
            time.sleep(session.retry_after)


def newest(session: Session, **filters: str) -> dict[str, Any]:
    """Return the newest generation that passes filters of the history.

    Raises:
        CommandFailed: There is none.
    """
    items = session.call("GET", "/generations/history", params={"per_page": 1, **filters})["items"]
    if not items:
        raise CommandFailed(
            "there is no completed generation yet" if filters else "there is no generation yet",
            ExitCode.NOT_FOUND,
        )
    return dict(items[0])


def find_generation(session: Session, text: str | None, **filters: str) -> str:
    """Return the ID of a generation.

    Args:
        session: The connection.
        text: Its ID or the first characters of it; None for the newest.
        filters: Filters of the history for the newest one.

    Raises:
        CommandFailed: No generation has this ID, or several do.
    """
    if text is None:
        return str(newest(session, **filters)["id"])
    if is_id(text):
        return text
    if not re.fullmatch(ID_PREFIX, text):
        raise _no_generation(text)
    found: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"per_page": _PER_PAGE, **({"cursor": cursor} if cursor else {})}
        answer = session.call("GET", "/generations/history", params=params)
        found += [str(item["id"]) for item in answer["items"] if str(item["id"]).startswith(text)]
        cursor = answer["next_cursor"]
        if len(found) > 1:
            raise CommandFailed(f"several generations begin with {text}; type more of the ID")
        if cursor is None:
            break
    if not found:
        raise _no_generation(text)
    return found[0]


def _no_generation(text: str) -> CommandFailed:
    return CommandFailed(
        f'no generation has the ID "{plain(text)}"; run `llmready history` to list your generations',
        ExitCode.NOT_FOUND,
    )


def _named_generation(session: Session, text: str) -> str:
    """Return the newest completed generation of a website, or the generation whose ID begins with a text."""
    try:
        site = find_site(session, text)
    except CommandFailed as failure:
        if failure.code is not ExitCode.NOT_FOUND or not re.fullmatch(ID_PREFIX, text):
            raise
        return find_generation(session, text)
    return str(newest(session, status="completed", website_id=site["id"])["id"])


def _generation_or_website(session: Session, text: str) -> str:
    """Return the generation with an ID, or the newest completed generation of a website."""
    try:
        session.call("GET", f"/generations/{text}")
    except Refused as refused:
        if refused.code is not ExitCode.NOT_FOUND:
            raise
        return str(newest(session, status="completed", website_id=text)["id"])
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 100000")
    return int(text)
