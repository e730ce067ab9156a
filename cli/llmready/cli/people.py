"""``llmready admin users``, ``suspend``, ``resume EMAIL`` and ``cancel``: manage accounts and their generations."""

import argparse
import json
from dataclasses import fields
from heapq import nlargest
from typing import Any

from llmready.cli import deployment
from llmready.cli.client.output import day, print_table
from llmready.cli.controls import AddCommand, resume_starts
from llmready.cli.deployment import Deployment
from llmready.cli.failure import CommandFailed
from llmready.domain.archive import ScanResult
from llmready.domain.clock import now, timestamp
from llmready.domain.generation import Failure, Generation
from llmready.domain.user import User
from llmready.http.schemas.generations import shown_generation
from llmready.services import Services
from llmready.settings import Settings
from llmready.usecases.cancel_generation import cancel_generation
from llmready.usecases.suspend_account import resume_account, suspend_account

_SHOWN = 50
_CANCELLED = Failure(
    code="cancelled_by_operator",
    message="The operator of this service cancelled the generation. Nothing was charged.",
)


def add_commands(command: AddCommand) -> None:
    """Add ``users``, ``suspend``, ``resume`` and ``cancel``."""
    users = command("users", _list, "List the accounts, newest first.")
    users.add_argument("--plan", help="only accounts with this plan")
    users.add_argument("--suspended", action="store_true", help="only suspended ones")
    users.add_argument("--most", type=int, default=_SHOWN, metavar="N", help=f"at most N (default: {_SHOWN})")
    suspend = command(
        "suspend", _suspend, "Refuse an account's requests and cancel its generations, until `resume EMAIL`."
    )
    suspend.add_argument("email", metavar="EMAIL")
    resume = command(
        "resume",
        _resume,
        "Allow generations to start again; with EMAIL, end the suspension of this account.",
    )
    resume.add_argument("email", metavar="EMAIL", nargs="?")
    cancel = command("cancel", _cancel, "Cancel a generation that has not ended; its quota is given back.")
    cancel.add_argument("generation_id", metavar="GENERATION_ID")


def _resume(options: argparse.Namespace) -> int:
    if options.email is None:
        return resume_starts(options)
    service = deployment.find(options)
    user = _user(service, options.email)
    was_suspended = user.suspended_at is not None
    if was_suspended:
        resume_account(_services(service), user, by=service.operator())
    if options.json:
        print(json.dumps({"email": user.email, "id": user.id, "was_suspended": was_suspended}))
    else:
        print(f"{user.email} is resumed." if was_suspended else f"{user.email} is not suspended.")
    return 0


def _list(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    chosen = (
        user
        for user in service.users.all()
        if (options.plan in {None, user.plan_name}) and (user.suspended_at or not options.suspended)
    )
    newest = nlargest(max(1, options.most), chosen, key=lambda user: user.created_at)
    rows = [_row(user) for user in newest]
    if options.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print_table(
            ("email", "plan", "state", "#websites", "#running", "#completed", "since"),
            [
                (
                    row["email"],
                    row["plan"],
                    row["state"],
                    str(row["websites"]),
                    str(row["running"]),
                    str(row["completed"]),
                    day(row["since"]),
                )
                for row in rows
            ],
            fixed=("plan", "state", "#websites", "#running", "#completed", "since"),
        )
    else:
        print(f"{service.name} has no matching account.")
    return 0


def _row(user: User) -> dict[str, Any]:
    state = "suspended" if user.suspended_at else ("confirmed" if user.is_verified else "unconfirmed")
    return {
        "email": user.email,
        "id": user.id,
        "plan": user.plan_name,
        "state": state,
        "websites": user.website_count,
        "running": user.running_count,
        "completed": user.completed_count,
        "failed": user.failed_count,
        "since": timestamp(user.created_at),
    }


def _suspend(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    user = _user(service, options.email)
    cancelled = suspend_account(_services(service), user, by=service.operator())
    if options.json:
        print(json.dumps({"email": user.email, "id": user.id, "cancelled": cancelled}))
    else:
        ended = f"; {cancelled} generations were cancelled" if cancelled else ""
        print(f"{user.email} is suspended{ended}. `llmready admin resume {user.email}` ends the suspension.")
    return 0


def _cancel(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    for found in service.generations.active():
        generation = (
            service.generations.get(found.user_id, found.id) if found.id == options.generation_id else None
        )
        if generation is not None:
            service.users.record_event(
                generation.user_id,
                "generation_cancelled",
                now(),
                by=service.operator(),
                after=generation.id,
            )
            ended = cancel_generation(_services(service), generation, reason=_CANCELLED)
            answer = {"generation_id": ended.id, "status": ended.status.value}
            print(json.dumps(answer) if options.json else f"Cancelled {ended.id}; its quota is given back.")
            return 0
    raise CommandFailed(
        f"no generation {options.generation_id} is waiting or running; `admin jobs` lists the generations that are"
    )


def _user(service: Deployment, email: str) -> User:
    user = service.users.by_email(email)
    if user is None:
        raise CommandFailed(f"{service.name} has no user {email}")
    return user


class _Silent:
    """Implements the log and the metrics of a command by ignoring them. The command prints its results."""

    def info(self, msg: object, **_fields: Any) -> None:
        """Drop it."""

    warning = error = exception = info

    def count(self, name: str) -> None:
        """Drop it."""

    def accepted(self) -> None:
        """Drop it."""

    def claimed(self, generation: Generation) -> None:
        """Drop it."""

    def ended(self, generation: Generation) -> None:
        """Drop it."""

    def dispatched(self, *, waiting: int, oldest_seconds: float, not_started: int) -> None:
        """Drop it."""

    def scanned(self, result: ScanResult) -> None:
        """Drop it."""


def _services(service: Deployment) -> Services:
    """Return the services that ending a generation needs. No command uses the others."""
    parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Services))
    silent = _Silent()
    parts |= {
        "settings": Settings(),
        "clock": now,
        "log": silent,
        "metrics": silent,
        "users": service.users,
        "generations": service.generations,
        "jobs": service.jobs,
        "webhooks": service.webhooks,
        "deliveries": service.deliveries,
        "webhook_queue": service.webhook_queue,
        "show_generation": shown_generation,
    }
    return Services(**parts)
