"""``llmready admin doctor``: report problems of a running service."""

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, NamedTuple

from llmready.cli import deployment
from llmready.cli.controls import AddCommand
from llmready.cli.deployment import Deployment
from llmready.domain.clock import now
from llmready.settings import read_settings

Verdict = Literal["fine", "wrong", "not checked"]

# Codes of Service Quotas, the same in every account and region.
_VCPU_QUOTAS = {"Spot": "L-36FBB829", "on-demand": "L-3032A538"}
_SECRET_AGE = timedelta(days=180)
# New accounts have 10, which a few users can use up.
_CONCURRENCY = 100
_OLDEST = timedelta(hours=2)


class Finding(NamedTuple):
    """Result of one check."""

    verdict: Verdict
    what: str


class _Wrong(Exception):
    """A problem that a check found. The message explains it and what to do."""


def add_commands(command: AddCommand) -> None:
    """Add ``doctor``."""
    command("doctor", _run, "Report problems of a running service; exit code 1 if there are any.")


def _run(options: argparse.Namespace) -> int:
    findings = list(examine(ExaminedService(deployment.find(options))))
    if options.json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        width = max(len(finding.verdict) for finding in findings)
        for finding in findings:
            print(f"{finding.verdict:<{width}}  {finding.what}")
    return 1 if any(finding.verdict == "wrong" for finding in findings) else 0


class ExaminedService:
    """The service under examination, with the data that the checks need.

    Args:
        service: The service.
    """

    def __init__(self, service: Deployment) -> None:
        self.service = service

    @cached_property
    def resources(self) -> dict[str, list[str]]:
        """The physical names of the stack's resources by type."""
        found: dict[str, list[str]] = {}
        pages = self.service.client("cloudformation").get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=self.service.stack):
            for resource in page["StackResourceSummaries"]:
                found.setdefault(resource["ResourceType"], []).append(resource["PhysicalResourceId"])
        return found

    def environment(self, folder: str) -> dict[str, str]:
        """Return the settings of the function of a folder."""
        client = self.service.client("lambda")
        for name in self.resources.get("AWS::Lambda::Function", []):
            answer = client.get_function_configuration(FunctionName=name)
            variables: dict[str, str] = answer.get("Environment", {}).get("Variables", {})
            if variables.get("POWERTOOLS_SERVICE_NAME") == folder:
                return variables
        raise _Wrong(f"The stack has no function {folder}; deploy it again.")


def examine(patient: ExaminedService) -> Iterator[Finding]:
    """Run all checks. A check that cannot be run does not prevent the others."""
    # It takes a second to import, which only operators should wait for.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    for about, look in _LOOKS:
        try:
            yield Finding("fine", look(patient))
        except _Wrong as wrong:
            yield Finding("wrong", str(wrong))
        except (ClientError, BotoCoreError) as error:
            yield Finding("not checked", f"{about}: {error}")


def _paused(patient: ExaminedService) -> str:
    if patient.service.controls.get().paused:
        raise _Wrong("Generations are paused; `llmready admin resume` lets them start again.")
    return "Generations may start."


def _dead_letters(patient: ExaminedService) -> str:
    answer = patient.service.sqs.get_queue_attributes(
        QueueUrl=patient.service.dead_letters_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    count = int(answer["Attributes"]["ApproximateNumberOfMessages"])
    if count:
        raise _Wrong(f"{count} messages are in dead-letter queues; `llmready admin jobs` lists them.")
    return "The dead-letter queues are empty."


def _oldest(patient: ExaminedService) -> str:
    time = now()
    old = [found for found in patient.service.generations.active() if time - found.created_at > _OLDEST]
    if old:
        raise _Wrong(
            f"{len(old)} generations have been waiting or running for hours; `llmready admin jobs` lists them."
        )
    return "No generation has been waiting or running for hours."


def _secret(patient: ExaminedService) -> str:
    arn = read_settings(patient.environment("notifier")).signing_secret
    secret = patient.service.client("secretsmanager").describe_secret(SecretId=arn)
    age = now() - secret.get("LastChangedDate", secret["CreatedDate"])
    if age > _SECRET_AGE:
        raise _Wrong(
            f"The signing key is {age.days} days old; `llmready admin rotate-signing-key` creates a new one."
        )
    return f"The signing key is {age.days} days old."


def _backups(patient: ExaminedService) -> str:
    (table,) = patient.resources["AWS::DynamoDB::Table"]
    client = patient.service.client("dynamodb")
    described = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = described.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        raise _Wrong("The table cannot be restored to a point in time; deploy the stage again.")
    return "The table can be restored to any second of the last 35 days."


def _subscription(patient: ExaminedService) -> str:
    client = patient.service.client("sns")
    (topic,) = patient.resources["AWS::SNS::Topic"]
    subscriptions = client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if not subscriptions:
        raise _Wrong('Nobody gets the alarms; deploy with ARGS="-c alarm_address=you@example.com".')
    for subscription in subscriptions:
        if not subscription["SubscriptionArn"].startswith("arn:"):
            raise _Wrong(
                f"{subscription['Endpoint']} has not confirmed the subscription to alarms; open the link in the mail"
                " of SNS."
            )
    return f"{len(subscriptions)} addresses receive the alarms."


def _topic_policy(patient: ExaminedService) -> str:
    client = patient.service.client("sns")
    (topic,) = patient.resources["AWS::SNS::Topic"]
    policy = json.loads(client.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    services = ["cloudwatch.amazonaws.com"]
    if patient.resources.get("AWS::Budgets::Budget"):
        services.append("budgets.amazonaws.com")
    for service in services:
        if not any(_lets_publish(statement, service, topic) for statement in policy["Statement"]):
            raise _Wrong(
                f"The policy of the alarms' topic does not allow {service} to publish, so nobody gets its alarms;"
                " deploy the stage again."
            )
    return f"The policy of the alarms' topic allows {' and '.join(services)} to publish."


def _lets_publish(statement: dict[str, Any], service: str, topic: str) -> bool:
    """Return whether a statement of a topic's policy allows a service to publish for the topic's own account."""

    def named(value: str | list[str]) -> list[str]:
        return [value] if isinstance(value, str) else value

    principal = statement.get("Principal", {})
    services = named(principal.get("Service", [])) if isinstance(principal, dict) else []
    account = statement.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount")
    return (
        statement["Effect"] == "Allow"
        and service in services
        and bool({"sns:Publish", "SNS:Publish"} & set(named(statement["Action"])))
        and topic in named(statement["Resource"])
        and (account is None or topic.split(":")[4] in named(account))
    )


def _alarms(patient: ExaminedService) -> str:
    client = patient.service.client("cloudwatch")
    names = patient.resources["AWS::CloudWatch::Alarm"]
    ringing = [
        alarm["AlarmDescription"]
        for page in client.get_paginator("describe_alarms").paginate(AlarmNames=names, StateValue="ALARM")
        for alarm in page["MetricAlarms"]
    ]
    if ringing:
        raise _Wrong("An alarm is active. " + " ".join(ringing))
    return f"None of {len(names)} alarms is active."


def _mails(patient: ExaminedService) -> str:
    settings = read_settings(patient.environment("notifier"))
    provider = settings.mail_provider
    if provider == "none":
        raise _Wrong("No mail is sent, because mail_provider is none; mails are only logged.")
    if provider != "ses":
        return f"Mails are sent with {provider}."
    client = patient.service.client("sesv2")
    # See examine().
    from llmready.adapters.mail.ses import is_verified  # noqa: PLC0415

    identity = settings.mail_identity
    if not is_verified(client, identity):
        raise _Wrong(
            f"SES has not verified {identity}; `make sender` with the stage's settings prints what to do."
        )
    account = client.get_account()
    if not account.get("SendingEnabled", True):
        raise _Wrong("SES has stopped sending for this account; see the SES console for the reason.")
    if not account.get("ProductionAccessEnabled"):
        raise _Wrong("SES is in the sandbox and sends only to verified addresses; request production access.")
    return "SES can send to all addresses."


def _vcpus(patient: ExaminedService) -> str:
    settings = read_settings(patient.environment("dispatcher"))
    client = patient.service.client("ecs")
    # Any of the tasks may have a browser.
    cpu = max(
        int(client.describe_task_definition(taskDefinition=task)["taskDefinition"]["cpu"])
        for task in (settings.task_definition, settings.browser_task_definition)
    )
    needed = settings.max_tasks * cpu / 1024
    client = patient.service.client("service-quotas")
    for kind, code in _VCPU_QUOTAS.items():
        quota = client.get_service_quota(ServiceCode="fargate", QuotaCode=code)["Quota"]["Value"]
        if quota < needed:
            raise _Wrong(
                f"Fargate's quota of {kind} vCPUs is {quota:g}, but max_tasks needs {needed:g};"
                " request more under Service Quotas, or lower max_tasks."
            )
    return f"Fargate's quotas allow the {needed:g} vCPUs of max_tasks."


def _concurrency(patient: ExaminedService) -> str:
    limits = patient.service.client("lambda").get_account_settings()["AccountLimit"]
    allowed = limits["ConcurrentExecutions"]
    if allowed < _CONCURRENCY:
        raise _Wrong(f"Lambda's quota is {allowed} concurrent executions; request {_CONCURRENCY} or more.")
    return f"Lambda's quota is {allowed} concurrent executions."


_LOOKS: tuple[tuple[str, Callable[[ExaminedService], str]], ...] = (
    ("pause", _paused),
    ("dead letters", _dead_letters),
    ("oldest generation", _oldest),
    ("signing key", _secret),
    ("backups", _backups),
    ("alarms' subscription", _subscription),
    ("alarms' topic", _topic_policy),
    ("alarms", _alarms),
    ("mails", _mails),
    ("quota of Fargate", _vcpus),
    ("quota of Lambda", _concurrency),
)
