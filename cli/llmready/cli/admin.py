"""``llmready admin``: commands for operators."""

import argparse
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from llmready.cli import controls, deployment, doctor, origin_secret, people, records, signing_keys, smoke
from llmready.cli.client.output import day, print_fields, print_table
from llmready.cli.deployment import Deployment
from llmready.cli.extras import requiring
from llmready.cli.failure import CommandFailed
from llmready.domain.clock import now, timestamp
from llmready.domain.errors import DomainError
from llmready.domain.generation import ActiveGeneration, Status
from llmready.domain.plans import PLANS
from llmready.domain.user import User

_PEEK = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of ``llmready admin``."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        subparser = commands.add_parser(name, help=text, description=text)
        deployment.add_arguments(subparser)
        subparser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        subparser.set_defaults(run=requiring("operator", _plainly(run)))
        return subparser

    change = command("set-plan", _set_plan, "Change the plan of a user, with immediate effect.")
    change.add_argument("email", metavar="EMAIL")
    change.add_argument("plan", metavar="PLAN", help=", ".join(PLANS))
    show = command("user", _show_user, "Show a user with plan, usage and audit records.")
    show.add_argument("email", metavar="EMAIL")
    allow = command("allow-mails", _allow_mails, "Send mail again to an address that bounced or complained.")
    allow.add_argument("email", metavar="EMAIL")
    command(
        "jobs", _show_jobs, "List waiting, running and dead-lettered generations with user, age and progress."
    )
    again = command("requeue", _requeue, "Send the queue message of an unfinished generation again.")
    again.add_argument("generation_id", metavar="GENERATION_ID")
    controls.add_commands(command)
    people.add_commands(command)
    signing_keys.add_commands(command)
    origin_secret.add_commands(command)
    doctor.add_commands(command)
    smoke.add_commands(command)


def _plainly(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Turn domain errors into the sentence that the command prints."""

    def running(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except DomainError as error:
            raise CommandFailed(error.detail) from None

    return running


def _set_plan(options: argparse.Namespace) -> int:
    if options.plan not in PLANS:
        raise CommandFailed(f"there is no plan {options.plan}; the plans are {', '.join(PLANS)}")
    service = deployment.find(options)
    user = _user(service, options.email)
    if user.plan_name != options.plan:
        user = service.users.set_plan(user, options.plan, now(), by=service.operator())
    _print_user(service, user, as_json=options.json)
    return 0


def _show_user(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    _print_user(service, _user(service, options.email), as_json=options.json)
    return 0


def _allow_mails(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    user = _user(service, options.email)
    fingerprint = signing_keys.fingerprints(service).of_address(user.email)
    suppression = service.suppressions.get(fingerprint)
    if suppression is not None:
        service.users.record_event(
            user.id, "mails_allowed", now(), by=service.operator(), after=f"had {suppression.reason}"
        )
        service.suppressions.remove(fingerprint)
    _print_user(service, user, as_json=options.json)
    return 0


def _show_jobs(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    emails: dict[str, str] = {}
    rows = [_job(service, generation, emails) for generation in service.generations.active()]
    rows += _dead_lettered(service, emails)
    if options.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print_table(
            ("state", "generation, user, website", "for", "#pages"),
            [
                (
                    row["state"],
                    [row["generation_id"], row["user"], row["website"]],
                    row["for"],
                    row["progress"],
                )
                for row in rows
            ],
            fixed=("state", "for", "#pages"),
        )
    else:
        print(f"No generation is waiting or running in {service.name}.")
    return 0


def _requeue(options: argparse.Namespace) -> int:
    service = deployment.find(options)
    for generation in service.generations.active():
        if generation.id == options.generation_id:
            service.users.record_event(
                generation.user_id, "generation_requeued", now(), by=service.operator(), after=generation.id
            )
            service.jobs.send(generation)
            service.generations.mark_enqueued(generation.user_id, generation.id, now())
            answer = {"generation_id": generation.id, "queue": generation.queue.value}
            print(json.dumps(answer) if options.json else f"Sent to the {generation.queue} queue again.")
            return 0
    raise CommandFailed(
        f"no generation {options.generation_id} is waiting or running; a generation that has ended cannot be requeued"
    )


def _user(service: Deployment, email: str) -> User:
    user = service.users.by_email(email)
    if user is None:
        raise CommandFailed(f"{service.name} has no user {email}")
    return user


def _job(service: Deployment, generation: ActiveGeneration, emails: dict[str, str]) -> dict[str, Any]:
    running = generation.status is Status.PROCESSING
    since = generation.started_at if running and generation.started_at else generation.created_at
    return {
        "state": "running" if running else "waiting",
        "generation_id": generation.id,
        "user": _email(service, generation.user_id, emails),
        "website": generation.website_url,
        "queue": generation.queue.value,
        "since": timestamp(since),
        "for": _age(since),
        "progress": f"{generation.pages_crawled}/{generation.total_pages or '?'}" if running else "",
    }


def _dead_lettered(service: Deployment, emails: dict[str, str]) -> Iterable[dict[str, Any]]:
    from llmready.adapters.sqs import job_from  # noqa: PLC0415 - takes long to import, see cli/deployment.py

    answer = service.sqs.receive_message(
        QueueUrl=service.dead_letters_url, MaxNumberOfMessages=_PEEK, VisibilityTimeout=0, WaitTimeSeconds=0
    )
    for message in answer.get("Messages", []):
        generation = service.generations.get(*job_from(message["Body"]))
        if generation is not None:
            yield {**_job(service, generation, emails), "state": "dead-lettered"}


def _email(service: Deployment, user_id: str, emails: dict[str, str]) -> str:
    if user_id not in emails:
        user = service.users.get(user_id)
        emails[user_id] = user.email if user else "(deleted)"
    return emails[user_id]


def _age(since: datetime) -> str:
    seconds = int((now() - since).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 6000:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds // 60 % 60} min"


def _print_user(service: Deployment, user: User, *, as_json: bool) -> None:
    told = records.newest(service.users.audit(user.id))
    suppression = service.suppressions.get(signing_keys.fingerprints(service).of_address(user.email))
    row = {
        "email": user.email,
        "id": user.id,
        "name": user.full_name or "",
        "plan": user.plan_name,
        "verified": user.is_verified,
        "suspended": timestamp(user.suspended_at) if user.suspended_at else "no",
        "mails": f"none: {suppression.reason}" if suppression else "sent",
        "websites": f"{user.website_count} of {user.plan.websites}",
        "running": user.running_count,
        "completed": user.completed_count,
        "failed": user.failed_count,
        "since": timestamp(user.created_at),
    }
    if as_json:
        print(json.dumps({**row, "audit": [record.model_dump(mode="json") for record in told]}, indent=2))
        return
    print_fields({**row, "since": day(timestamp(user.created_at))})
    records.print_records(told)
