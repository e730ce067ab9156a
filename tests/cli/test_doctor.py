"""The findings of ``llmready admin doctor`` about an AWS account.

botocore's models validate the simulated answers of AWS.
"""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.validate import ParamValidator

from llmready.cli.deployment import Deployment
from llmready.cli.doctor import ExaminedService, examine
from llmready.domain.clock import now
from testkit.people import new_generation, new_user, new_website

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
PLAIN, BROWSER = (f"arn:aws:ecs:eu-central-1:123456789012:task-definition/{kind}:1" for kind in ("p", "b"))


def topic_policy(
    service: str = "cloudwatch.amazonaws.com", account: str = "123456789012", effect: str = "Allow"
) -> dict[str, Any]:
    """Return the attributes of the topic of alarms, with a policy that lets a service publish."""
    condition = {"StringEquals": {"aws:SourceAccount": account}}
    denial = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    publish = {
        "Effect": effect,
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        "Condition": condition,
    }
    return {"Attributes": {"Policy": json.dumps({"Statement": [denial, publish]})}}


def healthy() -> dict[str, Any]:
    """Return the answers of a healthy AWS account, by operation."""
    kinds = {
        "AWS::DynamoDB::Table": "table",
        "AWS::SNS::Topic": TOPIC,
        "AWS::CloudWatch::Alarm": "failure-rate",
    }
    resources = list(kinds.items())
    resources += [("AWS::Lambda::Function", name) for name in ("dispatcher", "notifier")]
    settings = {
        "dispatcher": {
            "LLMREADY_MAX_TASKS": "10",
            "LLMREADY_TASK_DEFINITION": PLAIN,
            "LLMREADY_BROWSER_TASK_DEFINITION": BROWSER,
        },
        "notifier": {
            "LLMREADY_SIGNING_SECRET": "signing",
            "LLMREADY_MAIL_PROVIDER": "ses",
            "LLMREADY_MAIL_IDENTITY": "noreply@example.com",
        },
    }
    return {
        "cloudformation.list_stack_resources": {
            "StackResourceSummaries": [
                {
                    "ResourceType": kind,
                    "PhysicalResourceId": name,
                    "LogicalResourceId": "X",
                    "LastUpdatedTimestamp": now(),
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for kind, name in resources
            ]
        },
        "lambda.get_function_configuration": lambda FunctionName: {  # noqa: N803 - AWS's name
            "Environment": {"Variables": {"POWERTOOLS_SERVICE_NAME": FunctionName, **settings[FunctionName]}}
        },
        "lambda.get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
        "secretsmanager.describe_secret": {"CreatedDate": now(), "LastChangedDate": now()},
        "dynamodb.describe_continuous_backups": {
            "ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
            }
        },
        "sns.list_subscriptions_by_topic": {
            "Subscriptions": [{"SubscriptionArn": f"{TOPIC}:1", "Endpoint": "ops@example.com"}]
        },
        "sns.get_topic_attributes": topic_policy(),
        "cloudwatch.describe_alarms": {"MetricAlarms": []},
        "sesv2.get_email_identity": {"VerifiedForSendingStatus": True},
        "sesv2.get_account": {"SendingEnabled": True, "ProductionAccessEnabled": True},
        "ecs.describe_task_definition": lambda taskDefinition: {  # noqa: N803 - AWS's name
            "taskDefinition": {"cpu": "2048" if taskDefinition == BROWSER else "1024"}
        },
        "service-quotas.get_service_quota": {"Quota": {"Value": 20.0}},
    }


class Client:
    """A client of one AWS service with the test's answers, which must be valid for this service."""

    def __init__(self, service: str, answers: dict[str, Any]) -> None:
        self._service = service
        self._answers = answers
        self._real = boto3.client(service, region_name="eu-central-1")  # type: ignore[call-overload]

    def __getattr__(self, operation: str) -> Any:
        answer = self._answers[f"{self._service}.{operation}"]

        def call(**asked: Any) -> Any:
            model = self._real.meta.service_model.operation_model(
                self._real.meta.method_to_api_mapping[operation]
            )
            given = answer(**asked) if callable(answer) else answer
            for content, shape in ((asked, model.input_shape), (given, model.output_shape)):
                report = ParamValidator().validate(content, shape)
                assert not report.has_errors(), report.generate_report()
            return given

        return call

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **asked: [getattr(self, operation)(**asked)])


def account(answers: dict[str, Any], *, generations: tuple[Any, ...] = ()) -> ExaminedService:
    """Return a stage in an account with these answers."""
    services = SimpleNamespace(
        controls=SimpleNamespace(get=lambda: SimpleNamespace(paused=False)),
        generations=SimpleNamespace(active=lambda: generations),
        dead_letters_url="",
        sqs=SimpleNamespace(
            get_queue_attributes=lambda **_: {"Attributes": {"ApproximateNumberOfMessages": "0"}}
        ),
        stack="LLMReady-prod",
        client=lambda service: Client(service, answers),
    )
    return ExaminedService(cast("Deployment", services))


def found_wrong(service: ExaminedService) -> list[str]:
    """Return the problems that were found; assert that every check was run."""
    findings = list(examine(service))
    assert len(findings) == 11
    assert all(finding.verdict != "not checked" for finding in findings), findings
    return [finding.what for finding in findings if finding.verdict == "wrong"]


def test_a_healthy_account() -> None:
    assert found_wrong(account(healthy())) == []


@pytest.mark.parametrize(
    ("operation", "answer", "sentence"),
    [
        (
            "sesv2.get_account",
            {"SendingEnabled": True, "ProductionAccessEnabled": False},
            "SES is in the sandbox and sends only to verified addresses; request production access.",
        ),
        (
            "sesv2.get_account",
            {"SendingEnabled": False, "ProductionAccessEnabled": True},
            "SES has stopped sending for this account; see the SES console for the reason.",
        ),
        (
            "sesv2.get_email_identity",
            {"VerifiedForSendingStatus": False},
            "SES has not verified noreply@example.com; `make sender` with the stage's settings prints what to do.",
        ),
        (
            "secretsmanager.describe_secret",
            {"CreatedDate": now() - timedelta(days=500), "LastChangedDate": now() - timedelta(days=181)},
            "The signing key is 181 days old; `llmready admin rotate-signing-key` creates a new one.",
        ),
        (
            "service-quotas.get_service_quota",
            {"Quota": {"Value": 6.0}},
            (
                "Fargate's quota of Spot vCPUs is 6, but max_tasks needs 20; request more under Service "
                "Quotas, or lower max_tasks."
            ),
        ),
        (
            "lambda.get_account_settings",
            {"AccountLimit": {"ConcurrentExecutions": 10}},
            "Lambda's quota is 10 concurrent executions; request 100 or more.",
        ),
        (
            "dynamodb.describe_continuous_backups",
            {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "DISABLED"}},
            "The table cannot be restored to a point in time; deploy the stage again.",
        ),
        (
            "sns.list_subscriptions_by_topic",
            {"Subscriptions": []},
            'Nobody gets the alarms; deploy with ARGS="-c alarm_address=you@example.com".',
        ),
        (
            "sns.list_subscriptions_by_topic",
            {"Subscriptions": [{"SubscriptionArn": "PendingConfirmation", "Endpoint": "ops@example.com"}]},
            "ops@example.com has not confirmed the subscription to alarms; open the link in the mail of SNS.",
        ),
        *(
            (
                "sns.get_topic_attributes",
                wrong,
                (
                    "The policy of the alarms' topic does not allow cloudwatch.amazonaws.com to publish, so nobody"
                    " gets its alarms; deploy the stage again."
                ),
            )
            for wrong in (
                topic_policy(service="budgets.amazonaws.com"),
                topic_policy(account="210987654321"),
                topic_policy(effect="Deny"),
            )
        ),
        (
            "cloudwatch.describe_alarms",
            {"MetricAlarms": [{"AlarmDescription": "A quarter failed. See docs/operations.md#failure-rate"}]},
            "An alarm is active. A quarter failed. See docs/operations.md#failure-rate",
        ),
    ],
)
def test_each_problem_is_one_sentence(operation: str, answer: dict[str, Any], sentence: str) -> None:
    assert found_wrong(account({**healthy(), operation: answer})) == [sentence]


def test_a_budget_has_to_reach_the_topic_as_well() -> None:
    answers = healthy()
    budget = {"ResourceType": "AWS::Budgets::Budget", "PhysicalResourceId": "budget"}
    listed = answers["cloudformation.list_stack_resources"]["StackResourceSummaries"]
    listed.append({**listed[0], **budget})
    (sentence,) = found_wrong(account(answers))
    assert "does not allow budgets.amazonaws.com to publish" in sentence


def test_a_generation_that_waits_for_hours() -> None:
    user = new_user()
    old = new_generation(user, new_website(user), now() - timedelta(hours=3))
    assert found_wrong(account(healthy(), generations=(old,))) == [
        "1 generations have been waiting or running for hours; `llmready admin jobs` lists them."
    ]


def test_age_of_a_key_that_was_never_rotated() -> None:
    answers = {**healthy(), "secretsmanager.describe_secret": {"CreatedDate": now() - timedelta(days=200)}}
    (told,) = found_wrong(account(answers))
    assert told.startswith("The signing key is 200 days old; ")
