"""``llmready admin smoke``: test a deployed service by using it once."""

# ruff: noqa: PLC0415 - what talks to AWS takes a second to import, which only operators should wait for

import argparse
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from llmready.cli import deployment
from llmready.cli.controls import AddCommand
from llmready.cli.deployment import Deployment
from llmready.cli.doctor import ExaminedService
from llmready.domain.api_keys import ApiKey, Scope, key_digest, new_secret
from llmready.domain.clock import new_id, now
from llmready.domain.user import User
from llmready.settings import read_settings

if TYPE_CHECKING:
    import httpx

Verdict = Literal["fine", "wrong", "skipped"]

# SES's mailbox simulator accepts mails without delivering them, also in the sandbox.
_SIMULATOR = "success+{id}@simulator.amazonses.com"
# A small page of text that every stage serves.
_PAGE = "/api/v1/problems/not_found"
_LONGEST = 170.0  # seconds, for everything
_MAIL_WITHIN = 30.0
_ALARM_WITHIN = 30.0
_REASON = "llmready admin smoke: a test, nothing is wrong"


class Finding(NamedTuple):
    """Result of one check."""

    verdict: Verdict
    check: str
    what: str


class _Wrong(Exception):
    """A check failed; the message describes the failure."""


class _Skipped(Exception):
    """A check could not be run. The message gives the reason."""


def add_commands(command: AddCommand) -> None:
    """Add ``smoke``."""
    command(
        "smoke",
        _run,
        "Test a running service with one generation, its download, its mail and an alarm. This takes up to three "
        "minutes. The exit code is 1 if something does not work.",
    )


def _run(options: argparse.Namespace) -> int:
    smoke = Smoke(deployment.find(options))
    findings: list[Finding] = []
    for finding in smoke.checks():
        findings.append(finding)
        if not options.json:
            print(f"{finding.verdict:<7}  {finding.check}: {finding.what}", flush=True)
    if options.json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    return 1 if any(finding.verdict == "wrong" for finding in findings) else 0


class Smoke:
    """One use of a service, with an account that exists only while the checks run.

    Args:
        service: The service.
    """

    def __init__(self, service: Deployment) -> None:
        import httpx

        self._service = service
        self._examined = ExaminedService(service)
        self._ends = time.monotonic() + _LONGEST
        self._user = _account()
        self._key = new_secret()
        self._http = httpx.Client(
            base_url=service.url, headers={"Authorization": f"Bearer {self._key}"}, timeout=30
        )
        self._generation: str | None = None

    def checks(self) -> Iterator[Finding]:
        """Run all checks. A failed check does not prevent the others."""
        import httpx
        from botocore.exceptions import BotoCoreError, ClientError

        checks: tuple[tuple[str, Callable[[], str]], ...] = (
            ("API", self._api),
            ("schedules", self._schedules),
            ("alarm", self._alarm),
            ("generation", self._generate),
            ("download", self._download),
            ("mail", self._mail),
        )
        self._sign_up()
        try:
            for name, check in checks:
                try:
                    yield Finding("fine", name, check())
                except _Wrong as wrong:
                    yield Finding("wrong", name, str(wrong))
                except _Skipped as skipped:
                    yield Finding("skipped", name, str(skipped))
                except (ClientError, BotoCoreError, httpx.HTTPError) as error:
                    yield Finding("wrong", name, f"{type(error).__name__}: {error}")
        finally:
            # The cleanup function deletes the rest of it.
            self._service.users.mark_deleted(self._user, now())
            self._http.close()

    def _sign_up(self) -> None:
        """Store an account with an API key. Nobody can sign in to it."""
        from llmready.adapters.dynamodb.api_keys import DynamoApiKeys

        self._service.users.create(self._user)
        DynamoApiKeys(self._service.table).create(
            ApiKey(
                id=new_id(),
                user_id=self._user.id,
                name="llmready admin smoke",
                digest=key_digest(self._key),
                last_four=self._key[-4:],
                scopes=(Scope.READ, Scope.GENERATE, Scope.WEBSITES),
                created_at=now(),
            ),
            limit=1,
        )

    def _api(self) -> str:
        answer = self._expect(HTTPStatus.OK, self._http.get("/api/v1/health"))
        return f"version {answer['version']} answers at {self._service.url}."

    def _schedules(self) -> str:
        client = self._service.client("events")
        rules = [
            client.describe_rule(**_rule(name)) for name in self._examined.resources["AWS::Events::Rule"]
        ]
        scheduled = [rule for rule in rules if rule.get("ScheduleExpression")]
        if not scheduled:
            raise _Wrong("there is no schedule; deploy the stage again.")
        for rule in scheduled:
            if rule["State"] != "ENABLED":
                raise _Wrong(f"{rule['Name']} is disabled; enable it in EventBridge's console.")
            if not client.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                raise _Wrong(f"{rule['Name']} has no target; deploy the stage again.")
        return f"{len(scheduled)} schedules exist and are enabled."

    def _alarm(self) -> str:
        """Set an alarm to ALARM, and read whether its action reached the topic."""
        client = self._service.client("cloudwatch")
        name = min(self._examined.resources["AWS::CloudWatch::Alarm"])
        (alarm,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        # History has whole seconds in some regions.
        began = datetime.now(UTC).replace(microsecond=0)
        try:
            for state in ("OK", "ALARM"):  # an action follows a change of the state
                client.set_alarm_state(AlarmName=name, StateValue=state, StateReason=_REASON)
            ends = time.monotonic() + (3 if self._service.is_local else _ALARM_WITHIN)
            while time.monotonic() < ends:
                if summary := _action(client, name, began):
                    break
                time.sleep(1)
        finally:
            client.set_alarm_state(AlarmName=name, StateValue=alarm["StateValue"], StateReason=_REASON)
        if not summary and self._service.is_local:
            raise _Skipped("the emulator does not record the actions of alarms.")
        if not summary:
            raise _Wrong(f"{name} was set to ALARM, but no action followed; see its history in CloudWatch.")
        if not summary.startswith("Successfully"):
            raise _Wrong(f"{name}: {summary}")
        return f"{name} was set to ALARM, and its action reached the topic."

    def _generate(self) -> str:
        url = f"{self._service.url}{_PAGE}"
        answer = self._http.post("/api/v1/websites", json={"url": url, "name": "Smoke test", "max_pages": 1})
        if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and self._service.is_local:
            raise _Skipped(
                f"{url} is on this machine. To allow it, start the system with its host and port in"
                " LLMREADY_CRAWL_ALLOW."
            )
        website = self._expect(HTTPStatus.CREATED, answer)["id"]
        began = time.monotonic()
        answer = self._http.post("/api/v1/generations/start", json={"website_id": website})
        generation = self._expect(HTTPStatus.ACCEPTED, answer)["generation_id"]
        while time.monotonic() < self._ends:
            answer = self._http.get(f"/api/v1/generations/{generation}")
            state = self._expect(HTTPStatus.OK, answer)
            if state["status"] == "completed":
                self._generation = generation
                return f"{url} was generated in {time.monotonic() - began:.0f} s."
            if state["status"] in {"failed", "cancelled"}:
                raise _Wrong(f"{generation} {state['status']}: {state.get('error_message')}")
            time.sleep(min(float(answer.headers.get("Retry-After", 2)), 5.0))
        raise _Wrong(
            f"{generation} is still {state['status']}; see `llmready admin jobs` and the workers' log."
        )

    def _download(self) -> str:
        import httpx

        if self._generation is None:
            raise _Skipped("there is no completed generation.")
        path = f"/api/v1/generations/{self._generation}/download"
        while True:
            answer = self._http.get(path, params={"redirect": "false"})
            # A malware scan takes a while.
            if answer.status_code != HTTPStatus.CONFLICT or time.monotonic() > self._ends:
                break
            time.sleep(2)
        where = self._expect(HTTPStatus.OK, answer)
        file = httpx.get(where["download_url"], timeout=60)
        if file.status_code != HTTPStatus.OK:
            raise _Wrong(f"the presigned URL answers {file.status_code}: {file.text[:300]}")
        names = zipfile.ZipFile(io.BytesIO(file.content)).namelist()
        if "llms.txt" not in names:
            raise _Wrong(f"the archive has no llms.txt, only {', '.join(names)}.")
        return f"the presigned URL gives {len(file.content):,} bytes with {len(names)} files."

    def _mail(self) -> str:
        """Follow the mail about the completed generation until the provider has accepted it."""
        provider = read_settings(self._examined.environment("notifier")).mail_provider
        if provider == "none":
            raise _Skipped("mail_provider is none: mails are logged instead of sent.")
        if self._generation is None:
            raise _Skipped("there is no completed generation, so no mail about it.")
        ends = time.monotonic() + _MAIL_WITHIN
        while time.monotonic() < ends:
            for mail in self._mails():
                if mail.get("gave_up_at"):
                    raise _Wrong(
                        "the notifier stopped trying to send the mail; see its log and `llmready admin doctor`."
                    )
                if mail.get("sent_at"):
                    return f"{provider} accepted the mail to {self._user.email}."
            time.sleep(1)
        raise _Wrong(
            f"{provider} has not accepted the mail within {_MAIL_WITHIN:.0f} s; see the notifier's log."
        )

    def _mails(self) -> list[dict[str, Any]]:
        from boto3.dynamodb.conditions import Key

        from llmready.adapters.dynamodb import keys

        condition = Key("pk").eq(keys.partition(self._user.id)) & Key("sk").begins_with(keys.MAIL)
        return list(self._service.table.query(condition))

    @staticmethod
    def _expect(status: HTTPStatus, answer: "httpx.Response") -> dict[str, Any]:
        if answer.status_code != status:
            request = answer.request
            raise _Wrong(
                f"{request.method} {request.url.path} answers {answer.status_code}: {answer.text[:300]}"
            )
        return dict(answer.json())


def _account() -> User:
    time, user_id = now(), new_id()
    return User(
        id=user_id,
        email=_SIMULATOR.format(id=user_id),
        password_hash="!",  # noqa: S106 - no password has this hash
        full_name="Smoke test",
        is_verified=True,
        created_at=time,
        updated_at=time,
    )


def _rule(physical: str) -> dict[str, str]:
    """Return the arguments that identify a rule in EventBridge.

    For a custom bus, CloudFormation's ID includes the bus.
    """
    bus, _, name = physical.rpartition("|")
    return {"Name": name} | ({"EventBusName": bus} if bus else {})


def _action(client: Any, alarm: str, since: datetime) -> str:
    """Return the history's text about the first action since a time; empty if there is none."""
    items = client.describe_alarm_history(AlarmName=alarm, HistoryItemType="Action", StartDate=since)
    found: list[dict[str, Any]] = items["AlarmHistoryItems"]
    return str(found[-1]["HistorySummary"]) if found else ""
