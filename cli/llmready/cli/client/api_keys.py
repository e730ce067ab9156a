"""``llmready keys``: API keys for programs."""

import argparse
import re
from typing import Any
from urllib.parse import quote

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.output import day, plain, print_json, print_table, say
from llmready.cli.client.session import Session
from llmready.cli.client.site_names import ID_PREFIX
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed
from llmready.crawler.list_option import ListOption

_SCOPES = ("read", "generate", "websites", "webhooks")


def add_commands(add: Add) -> None:
    """Add ``llmready keys`` with its commands."""
    keys = add("keys", help="create, list and revoke API keys", description="API keys for programs.")
    commands = keys.add_subparsers(required=True, metavar="COMMAND")
    client_command(commands.add_parser, "list", _list, "List the API keys.")
    create = client_command(commands.add_parser, "create", _create, "Create an API key. It is shown once.")
    create.add_argument("name", metavar="NAME", help="what the key is for")
    create.add_argument(
        "--scopes",
        action=ListOption,
        metavar="S,S",
        help=f"what the key may do, of {', '.join(_SCOPES)} (default: everything)",
    )
    create.add_argument(
        "--expires", metavar="DATE", help="when it expires, such as 2027-12-31 (default: never)"
    )
    revoke = client_command(
        commands.add_parser, "revoke", _revoke, "Revoke API keys. They stop working at once."
    )
    revoke.add_argument(
        "keys",
        nargs="+",
        metavar="KEY",
        help="ID, its first characters, the last four characters of the key, or its name",
    )


def _list(session: Session, options: argparse.Namespace) -> int:
    keys = _all(session)
    if options.json:
        print_json(keys)
    elif not keys:
        say("You have no API keys. Create one with `llmready keys create NAME`.")
    else:
        rows = [
            (
                [key["name"], key["id"]],
                f"llmr_…{key['last_four']}",
                ", ".join(key["scopes"]),
                day(key["last_used_at"]),
                day(key["expires_at"]),
            )
            for key in keys
        ]
        print_table(
            ("name, id", "key", "scopes", "last used", "expires"), rows, fixed=("key", "last used", "expires")
        )
    return ExitCode.DONE


def _create(session: Session, options: argparse.Namespace) -> int:
    body: dict[str, Any] = {"name": options.name}
    if options.scopes is not None:
        body["scopes"] = [scope.strip() for scope in options.scopes.split(",") if scope.strip()]
    if options.expires is not None:
        body["expires_at"] = options.expires if "T" in options.expires else f"{options.expires}T00:00:00Z"
    key = session.call("POST", "/keys", json=body)
    if options.json:
        print_json(key)
    else:
        print(key["key"])
        say("Store this key now; it is not shown again. Programs read it from LLMREADY_API_KEY.")
    return ExitCode.DONE


def _revoke(session: Session, options: argparse.Namespace) -> int:
    keys = [_find(_all(session), text) for text in options.keys]
    for key in keys:
        session.call("DELETE", f"/keys/{quote(key['id'], safe='')}")
    if options.json:
        print_json([key["id"] for key in keys])
    else:
        for key in keys:
            print(f"Revoked {plain(key['name'])} (llmr_…{key['last_four']}).")
    return ExitCode.DONE


def _all(session: Session) -> list[dict[str, Any]]:
    return list(session.call("GET", "/keys")["items"])


def _find(keys: list[dict[str, Any]], text: str) -> dict[str, Any]:
    found = [key for key in keys if text in (key["id"], key["last_four"], key["name"])]
    if not found and re.fullmatch(ID_PREFIX, text):
        found = [key for key in keys if key["id"].startswith(text)]
    if len(found) > 1:
        raise CommandFailed(f'several API keys match "{plain(text)}"; type more of the ID')
    if not found:
        raise CommandFailed(
            f'you have no API key "{plain(text)}"; `llmready keys list` shows them', ExitCode.NOT_FOUND
        )
    return found[0]
