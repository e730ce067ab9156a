"""``llmready generate | watch | cancel | download | history | quota``: from a website to its files."""

# ruff: noqa: PLC0415 - rich and httpx take long to import, which only what shows progress or downloads should wait for

import argparse
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.output import day, plain, print_fields, print_json, print_table, say, size
from llmready.cli.client.session import Refused, Session
from llmready.cli.client.site_names import find_or_add_site, find_site
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed
from llmready.domain.clock import is_id

_PATIENCE = 120.0  # seconds for which a server may be away while a generation is watched
_PER_PAGE = 100
_ENDED = ("completed", "failed", "cancelled")


def add_commands(add: Add) -> None:
    """Add the commands around generations."""
    generate = client_command(add, "generate", _generate, "Start a generation; a new URL becomes a website.")
    generate.add_argument("site", metavar="URL|SITE", help="a URL, or a website's name or id")
    generate.add_argument("--wait", action="store_true", help="show the progress until it has ended")
    generate.add_argument("--download", action="store_true", help="wait, then download the files")
    _add_out(generate)
    watch = client_command(add, "watch", _watch, "Show a generation's progress until it has ended.")
    watch.add_argument("generation", metavar="GENERATION", nargs="?", help="its id (default: the newest)")
    cancel = client_command(add, "cancel", _cancel, "Cancel a generation that has not ended.")
    cancel.add_argument("generation", metavar="GENERATION", nargs="?", help="its id (default: the newest)")
    fetch = client_command(add, "download", _download, "Download the files of a generation.")
    fetch.add_argument(
        "target",
        metavar="GENERATION|SITE",
        nargs="?",
        help="its id, or a website (default: the newest completed)",
    )
    _add_out(fetch)
    history = client_command(add, "history", _history, "List the generations, newest first.")
    history.add_argument("--site", metavar="SITE", help="only those of a website")
    history.add_argument("--status", choices=("pending", "processing", *_ENDED), help="only those in a state")
    history.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="at most so many (default: 20)"
    )
    history.add_argument("--all", action="store_true", help="all of them")
    client_command(add, "quota", _quota, "Show how many generations the month still allows.")


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--out", type=Path, metavar="PATH", help="file or folder to write (default: here)"
    )
    parser.add_argument("--force", action="store_true", help="replace another file of that name")


def _generate(session: Session, options: argparse.Namespace) -> int:
    site = find_or_add_site(session, options.site)
    # One key for all tries of this start: a repeated request does not start a second generation.
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
            say(f"`llmready watch {generation_id}` shows the progress; a mail tells when it has ended.")
        return ExitCode.DONE
    return _ended(session, options, generation_id, name=site["name"], and_download=options.download)


def _watch(session: Session, options: argparse.Namespace) -> int:
    generation_id = options.generation or newest(session)["id"]
    return _ended(session, options, generation_id, name="", and_download=False)


def _cancel(session: Session, options: argparse.Namespace) -> int:
    generation_id = _id_of(options.generation) if options.generation else newest(session)["id"]
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
        generation_id = _generation_named(session, options.target)
    else:
        site = find_site(session, options.target)
        generation_id = newest(session, status="completed", website_id=site["id"])["id"]
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
        say("There are no generations here yet.")
    else:
        rows = [
            (
                [entry["website_name"], entry["id"]],
                day(entry["created_at"]),
                entry["status"],
                f"{entry['pages_crawled']}/{entry['total_pages']}",
                size(entry["file_size"]),
            )
            for entry in found
        ]
        print_table(
            ("website, generation", "started", "status", "#pages", "#size"),
            rows,
            fixed=("started", "status", "#pages", "#size"),
        )
        if total > len(found):
            say(f"{len(found)} of {total}; --limit or --all shows more.")
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
    """Wait for a generation's end, tell it, and download if that is wanted."""
    try:
        done = follow(session, _id_of(generation_id), plain(name))
    except KeyboardInterrupt:
        raise CommandFailed(
            f"interrupted; the generation goes on, `llmready watch {generation_id}` shows it",
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
        say(f"`llmready download {generation_id}` fetches the files.")
    return ExitCode.DONE


def follow(session: Session, generation_id: str, name: str) -> dict[str, Any]:
    """Follow a generation until it has ended, with a bar on a terminal, and return it."""
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
                if time.monotonic() - away_since > _PATIENCE:
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


def _generation_named(session: Session, text: str) -> str:
    """Return the generation that an id means; a website's id means its newest completed one."""
    try:
        session.call("GET", f"/generations/{text}")
    except Refused as refused:
        if refused.code is not ExitCode.NOT_FOUND:
            raise
        return str(newest(session, status="completed", website_id=text)["id"])
    return text


def _id_of(text: str) -> str:
    if not is_id(text):
        raise CommandFailed(f"{plain(text)} is no generation's id", ExitCode.NOT_FOUND)
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 100000")
    return int(text)
