"""``llmready errors``, ``changes``, ``files`` and ``delete``: the result of a generation in detail."""

import argparse
import sys
from typing import Any
from urllib.parse import quote

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.generations import find_generation
from llmready.cli.client.output import coloured, plain, print_json, print_table, say, size
from llmready.cli.client.session import Session
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed

_LISTED = 20
_DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def add_commands(add: Add) -> None:
    """Add the commands."""
    errors = client_command(add, "errors", _errors, "List the pages that a generation could not read.")
    _add_generation(errors)
    changes = client_command(add, "changes", _changes, "Show what changed since an earlier generation.")
    _add_generation(changes)
    changes.add_argument(
        "--since", metavar="GENERATION", help="ID to compare with (default: the previous one)"
    )
    changes.add_argument("--diff", action="store_true", help="also show the differences of llms.txt")
    files = client_command(add, "files", _files, "List the files of a generation, or print one of them.")
    _add_generation(files)
    files.add_argument("--print", dest="path", metavar="PATH", help="print this file, such as llms.txt")
    delete = client_command(add, "delete", _delete, "Delete a generation and its files.")
    delete.add_argument("generation", metavar="GENERATION", help="its ID, or its first characters")
    delete.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def _add_generation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "generation",
        metavar="GENERATION",
        nargs="?",
        help="its ID, or its first characters (default: the newest)",
    )


def _errors(session: Session, options: argparse.Namespace) -> int:
    generation = find_generation(session, options.generation)
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = session.call(
            "GET", f"/generations/{generation}/errors", params={"cursor": cursor} if cursor else None
        )
        found += answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    if options.json:
        print_json(found)
    elif not found:
        say("Every page was read.")
    else:
        print_table(("page", "reason"), [(entry["url"], entry["detail"]) for entry in found])
    return ExitCode.DONE


def _changes(session: Session, options: argparse.Namespace) -> int:
    generation = find_generation(session, options.generation, status="completed")
    since = {"since": find_generation(session, options.since)} if options.since else None
    answer = session.call("GET", f"/generations/{generation}/changes", params=since)
    if options.json:
        print_json(answer)
        return ExitCode.DONE
    print(
        f"{len(answer['changed'])} changed, {len(answer['added'])} added, {len(answer['removed'])} removed, "
        f"{answer['unchanged']} unchanged, compared with {answer['since']}."
    )
    for sign, name in (("+", "added"), ("-", "removed"), ("~", "changed")):
        colour = {"+": "green", "-": "red", "~": "yellow"}[sign]
        for page in answer[name][:_LISTED]:
            words = f" ({page['words_before']} → {page['words_after']} words)" if name == "changed" else ""
            print(
                coloured(f"{sign} {plain(page['title'] or page['url'])}{words}  {plain(page['url'])}", colour)
            )
        if len(answer[name]) > _LISTED:
            print(f"  and {len(answer[name]) - _LISTED} more; --json lists all")
    if options.diff:
        for line in answer["llms_txt_diff"].splitlines():
            print(coloured(plain(line), _DIFF_COLOURS.get(line[:1], "")))
    return ExitCode.DONE


def _files(session: Session, options: argparse.Namespace) -> int:
    generation = find_generation(session, options.generation, status="completed")
    if options.path:
        path = quote(options.path, safe="/")
        sys.stdout.write(session.text(f"/generations/{generation}/files/{path}"))
        return ExitCode.DONE
    items = session.call("GET", f"/generations/{generation}/files")["items"]
    if options.json:
        print_json(items)
    else:
        rows = [(item["path"], item["title"], size(item["bytes"]), item["tokens"]) for item in items]
        print_table(("path", "title", "#size", "#tokens"), rows, fixed=("#size", "#tokens"))
    return ExitCode.DONE


def _delete(session: Session, options: argparse.Namespace) -> int:
    generation = find_generation(session, options.generation)
    if not options.yes:
        if not sys.stdin.isatty():
            raise CommandFailed("there is no terminal to ask for confirmation; use --yes", ExitCode.USAGE)
        if input(f"Delete generation {generation} and its files? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandFailed("nothing was deleted")
    answer = session.call("DELETE", f"/generations/{generation}")
    if options.json:
        print_json(answer)
    else:
        print(plain(answer["message"]))
    return ExitCode.DONE
