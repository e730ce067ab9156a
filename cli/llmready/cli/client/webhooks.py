"""``llmready webhooks``: events sent to a server of the user."""

import argparse
from typing import Any
from urllib.parse import quote

from llmready.cli.client.commands import Add, client_command
from llmready.cli.client.output import day, plain, print_json, print_table, say
from llmready.cli.client.session import Session
from llmready.cli.exit_codes import ExitCode
from llmready.cli.failure import CommandFailed
from llmready.crawler.list_option import ListOption

_EVENTS = (
    *("generation.completed", "generation.failed", "generation.cancelled"),
    "website.schedule_stopped",
)
_WEBHOOK = "ID, its first characters, or the URL"


def add_commands(add: Add) -> None:
    """Add ``llmready webhooks`` with its commands."""
    webhooks = add(
        "webhooks", help="send events to your own server", description="Webhooks: events sent to your server."
    )
    commands = webhooks.add_subparsers(required=True, metavar="COMMAND")
    client_command(commands.add_parser, "list", _list, "List the webhooks.")
    create = client_command(
        commands.add_parser,
        "add",
        _add,
        "Add a webhook that sends events to a URL. Prints its secret, which is shown once.",
    )
    create.add_argument("url", metavar="URL", help="an https URL of a public host")
    _add_fields(create, "(default: all of them)")
    edit = client_command(commands.add_parser, "edit", _edit, "Change a webhook.")
    edit.add_argument("webhook", metavar="WEBHOOK", help=_WEBHOOK)
    edit.add_argument("--url", metavar="URL", help="a new URL")
    edit.add_argument(
        "--active", action=argparse.BooleanOptionalAction, dest="is_active", help="send events to it"
    )
    _add_fields(edit, "")
    for name, run, text in (
        ("remove", _remove, "Delete a webhook."),
        ("test", _test, "Send a ping event to a webhook."),
        (
            "rotate",
            _rotate,
            "Replace the secret of a webhook. For 24 hours, events are signed with both secrets.",
        ),
        ("enable", _enable, "Activate a webhook that was disabled."),
        ("deliveries", _deliveries, "List the newest deliveries of a webhook."),
    ):
        client_command(commands.add_parser, name, run, text).add_argument(
            "webhook", metavar="WEBHOOK", help=_WEBHOOK
        )
    retry = client_command(commands.add_parser, "retry", _retry, "Send a delivery again.")
    retry.add_argument("webhook", metavar="WEBHOOK", help=_WEBHOOK)
    retry.add_argument("delivery", metavar="DELIVERY", help="ID of the delivery, or its first characters")


def _add_fields(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--events",
        action=ListOption,
        metavar="E,E",
        help=f"which events, of {', '.join(_EVENTS)} {default}".strip(),
    )
    parser.add_argument("--description", metavar="TEXT", help="what the webhook is for")


def _fields(options: argparse.Namespace) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if options.events is not None:
        fields["events"] = [event.strip() for event in options.events.split(",") if event.strip()]
    if options.description is not None:
        fields["description"] = options.description
    return fields


def _list(session: Session, options: argparse.Namespace) -> int:
    webhooks = _all(session)
    if options.json:
        print_json(webhooks)
    elif not webhooks:
        say("You have no webhooks. Create one with `llmready webhooks add URL`.")
    else:
        rows = [
            (
                [webhook["url"], webhook["id"]],
                ", ".join(webhook["events"]),
                _state(webhook),
                day(webhook["last_success_at"]),
            )
            for webhook in webhooks
        ]
        print_table(("url, id", "events", "state", "last success"), rows, fixed=("last success",))
    return ExitCode.DONE


def _add(session: Session, options: argparse.Namespace) -> int:
    body = {"url": options.url, **_fields(options)}
    return _print_secret(session.call("POST", "/webhooks", json=body), options)


def _edit(session: Session, options: argparse.Namespace) -> int:
    given = {"url": options.url, "is_active": options.is_active}
    changes = _fields(options) | {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise CommandFailed(
            "nothing to change: add an option, such as --events generation.failed", ExitCode.USAGE
        )
    changed = session.call("PATCH", _path(_find(session, options.webhook)), json=changes)
    if options.json:
        print_json(changed)
    else:
        print(f"Changed the webhook to {plain(changed['url'])}.")
    return ExitCode.DONE


def _remove(session: Session, options: argparse.Namespace) -> int:
    webhook = _find(session, options.webhook)
    answer = session.call("DELETE", _path(webhook))
    if options.json:
        print_json(answer)
    else:
        print(f"Deleted the webhook to {plain(webhook['url'])}.")
    return ExitCode.DONE


def _test(session: Session, options: argparse.Namespace) -> int:
    webhook = _find(session, options.webhook)
    answer = session.call("POST", f"{_path(webhook)}/test")
    if options.json:
        print_json(answer)
    else:
        print(f"A ping is being sent. `llmready webhooks deliveries {webhook['id'][:13]}` shows the result.")
    return ExitCode.DONE


def _rotate(session: Session, options: argparse.Namespace) -> int:
    webhook = _find(session, options.webhook)
    return _print_secret(session.call("POST", f"{_path(webhook)}/rotate-secret"), options)


def _enable(session: Session, options: argparse.Namespace) -> int:
    webhook = _find(session, options.webhook)
    changed = session.call("PATCH", _path(webhook), json={"is_active": True})
    if options.json:
        print_json(changed)
    else:
        print(f"The webhook to {plain(webhook['url'])} is active.")
    return ExitCode.DONE


def _deliveries(session: Session, options: argparse.Namespace) -> int:
    webhook = _find(session, options.webhook)
    deliveries = session.call("GET", f"{_path(webhook)}/deliveries")["items"]
    if options.json:
        print_json(deliveries)
    elif not deliveries:
        say("Nothing was sent to this webhook in the last 30 days.")
    else:
        rows = [
            (
                delivery["id"],
                delivery["event"],
                delivery["status"],
                len(delivery["attempts"]),
                plain(_last(delivery)),
                delivery["created_at"],
            )
            for delivery in deliveries
        ]
        print_table(("id", "event", "status", "#attempts", "last answer", "time"), rows, fixed=("id", "time"))
    return ExitCode.DONE


def _retry(session: Session, options: argparse.Namespace) -> int:
    webhook = _find(session, options.webhook)
    path = f"{_path(webhook)}/deliveries"
    deliveries = session.call("GET", path, params={"per_page": 100})["items"]
    found = [delivery for delivery in deliveries if delivery["id"].startswith(options.delivery)]
    if len(found) > 1:
        raise CommandFailed(f'several deliveries begin with "{plain(options.delivery)}"; type more of the ID')
    # An older delivery than the listed ones is known by its whole ID only.
    delivery_id = found[0]["id"] if found else options.delivery
    answer = session.call("POST", f"{path}/{quote(delivery_id, safe='')}/retry")
    if options.json:
        print_json(answer)
    else:
        print("The delivery is being sent.")
    return ExitCode.DONE


def _print_secret(webhook: dict[str, Any], options: argparse.Namespace) -> int:
    if options.json:
        print_json(webhook)
    else:
        print(webhook["secret"])
        say("Store this secret now; it is not shown again. Your server verifies the events with it.")
    return ExitCode.DONE


def _state(webhook: dict[str, Any]) -> str:
    reason = str(webhook["disabled_reason"]).replace("_", " ")
    return "active" if webhook["is_active"] else f"disabled ({reason})"


def _last(delivery: dict[str, Any]) -> str:
    if not delivery["attempts"]:
        return ""
    attempt = delivery["attempts"][-1]
    return str(attempt["error"] or attempt["status_code"])


def _all(session: Session) -> list[dict[str, Any]]:
    return list(session.call("GET", "/webhooks")["items"])


def _path(webhook: dict[str, Any]) -> str:
    return f"/webhooks/{quote(webhook['id'], safe='')}"


def _find(session: Session, text: str) -> dict[str, Any]:
    webhooks = _all(session)
    found = [webhook for webhook in webhooks if webhook["id"].startswith(text) or webhook["url"] == text]
    if len(found) > 1:
        raise CommandFailed(f'several webhooks match "{plain(text)}"; type more of the ID')
    if not found:
        raise CommandFailed(
            f'you have no webhook "{plain(text)}"; `llmready webhooks list` shows them', ExitCode.NOT_FOUND
        )
    return found[0]
