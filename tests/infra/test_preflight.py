"""Messages to operators before anything is created, in an account of the emulator."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.preflight.__main__ import _prepare_deploy, main
from infra.preflight.account import Account, PreflightError
from infra.preflight.base_images import check_base_images
from infra.preflight.checks import check_is_still, check_service_role
from infra.preflight.engine import check_engine
from infra.preflight.explanation import explain
from infra.preflight.protection import protect, release_never_made
from infra.preflight.settings_diff import METADATA, changed_settings, settings_metadata
from infra.stage_files import load_stage
from llmready.adapters.mail.ses import is_verified
from testkit.emulator import Emulator
from tests.infra.operator import SENDER, Make, credentials, docker
from tests.infra.running import wait_for

ASSETS = "cdk-hnb659fds-assets-000000000000-us-east-1"
VERSION = "/cdk-bootstrap/hnb659fds/version"
# The emulator has no alarms of expressions, and rolls the stack back.
BROKEN = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "m", "Expression": "1"}]}}

Capture = pytest.CaptureFixture[str]


def refusal(ran: subprocess.CompletedProcess[str]) -> str:
    """Return the sentence with which a command stopped before it changed anything."""
    assert ran.returncode == 2, ran.stdout
    assert not ran.stdout
    sentence, told_by_make = ran.stderr.splitlines()
    assert told_by_make.startswith("make: ***")
    return sentence


def bootstrapped(account: Emulator, version: str = "21") -> None:
    """Create the resources of a bootstrap that a deploy needs."""
    account.client("ssm").put_parameter(Name=VERSION, Value=version, Type="String", Overwrite=True)
    account.client("s3").create_bucket(Bucket=ASSETS)


def broken_stack(account: Emulator, name: str) -> str:
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Alarm": BROKEN}}))

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    wait_for(lambda: not status().endswith("_IN_PROGRESS"))
    return status()


def stacks(account: Emulator) -> list[str]:
    return [stack["StackName"] for stack in account.client("cloudformation").describe_stacks()["Stacks"]]


def test_a_stage_from_its_sender_to_its_end(account: Emulator, make: Make) -> None:
    """Run the CDK's commands in the order of docs/operations.md, with a stage that the emulator supports."""
    local = {"arguments": "--require-approval never"}
    prepared = make("bootstrap", "STAGE=local", **local)
    assert prepared.returncode == 0, prepared.stderr
    assert " 0.0 kB" not in prepared.stderr  # the CDK puts nothing together for this
    assert refusal(make("deploy", "STAGE=local", **local)) == (
        "SES has not verified noreply@llmready.local in us-east-1; run `make sender STAGE=local` with the same"
        " ARGS, and follow its output."
    )
    asked = make("sender", "STAGE=local")
    assert asked.stdout == "SES sends noreply@example.com a mail; follow the link in it.\n"
    assert make("sender", "STAGE=local").stdout == "noreply@example.com is verified.\n"
    deployed = make("deploy", "STAGE=local", arguments=f"{SENDER} --require-approval never")
    assert deployed.returncode == 0, deployed.stderr
    (stack,) = account.client("cloudformation").describe_stacks(StackName="LLMReady-local")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    account.client("s3").put_object(Bucket=outputs["Bucket"], Key="generations/one.zip", Body=b"zip")
    assert refusal(make("destroy", "STAGE=local", arguments="--force")) == (
        f"The bucket {outputs['Bucket']} is not empty: it contains users' files;"
        " `make destroy STAGE=local EMPTY=yes` deletes it with everything else."
    )
    # The emulator cannot run the function that empties a bucket, so the CDK is not called.
    assert make("destroy", "STAGE=local", "EMPTY=yes", "CDK=true", arguments="--force").returncode == 0
    account.client("s3").delete_object(Bucket=outputs["Bucket"], Key="generations/one.zip")
    removed = make("destroy", "STAGE=local", arguments="--force")
    assert removed.returncode == 0, removed.stderr
    assert "LLMReady-local" not in stacks(account)
    # The verified sender belongs to the account, so the next stage needs no further link.
    assert make("sender", "STAGE=local").stdout == "noreply@example.com is verified.\n"


def test_an_account_that_is_not_prepared(account: Emulator, make: Make) -> None:
    again = "run `make bootstrap STAGE=dev` with the same ARGS."
    assert refusal(make("deploy")) == (
        f"The account 000000000000 is not prepared for the CDK in us-east-1; {again}"
    )
    bootstrapped(account, version="5")
    assert refusal(make("deploy")) == f"The bootstrap of us-east-1 is too old (version 5); {again}"
    bootstrapped(account)
    account.client("s3").delete_bucket(Bucket=ASSETS)
    assert refusal(make("deploy")) == (
        f"The CDK's bucket {ASSETS} was deleted; delete the stack CDKToolkit in the CloudFormation console,"
        f" then {again}"
    )
    assert stacks(account) == []


def test_a_bootstrap_that_failed(account: Emulator, make: Make) -> None:
    status = broken_stack(account, "CDKToolkit")
    assert refusal(make("deploy")) == (
        f"The bootstrap of 000000000000 in us-east-1 failed (CDKToolkit is {status}); delete that stack in the"
        " CloudFormation console, then run `make bootstrap STAGE=dev` with the same ARGS."
    )


def test_a_bucket_that_an_earlier_bootstrap_left(account: Emulator, make: Make) -> None:
    account.client("s3").create_bucket(Bucket=ASSETS)
    account.client("s3").put_object(Bucket=ASSETS, Key="asset.zip", Body=b"zip")
    assert refusal(make("bootstrap")) == (
        f"The bucket {ASSETS} of an earlier bootstrap still exists, so this bootstrap would fail. Empty and"
        " delete the bucket in the S3 console, then bootstrap again."
    )
    assert stacks(account) == []


def test_a_domain_is_verified_by_its_records(make: Make) -> None:
    arguments = f"{SENDER} -c mail_domain=example.com"
    told = make("sender", arguments=arguments).stdout.splitlines()
    assert told[0] == "Add these records to example.com; SES looks for them for 72 hours:"
    assert len(told) == 4
    assert all("._domainkey.example.com. CNAME " in record for record in told[1:])


def test_unconfirmed_identity_is_not_verified(account: Emulator) -> None:
    # The emulator verifies at once; what AWS answers meanwhile is checked against its model.
    client = account.client("sesv2")
    with Stubber(client) as answers:
        asked = {"EmailIdentity": "noreply@example.com"}
        answers.add_response("get_email_identity", {"VerifiedForSendingStatus": False}, asked)
        assert not is_verified(client, "noreply@example.com")
        answers.add_response("get_email_identity", {"VerifiedForSendingStatus": True}, asked)
        assert is_verified(client, "noreply@example.com")


def test_without_an_engine_nothing_is_deployed(account: Emulator, make: Make) -> None:
    bootstrapped(account)
    make("sender")
    assert refusal(make("deploy", CDK_DOCKER="no-such-engine")) == (
        "`no-such-engine info` fails, so the worker's image cannot be built. Start or install Docker, or name"
        " another such program in CDK_DOCKER."
    )


@pytest.mark.parametrize(
    ("words", "arguments", "environment", "sentence"),
    [
        (["deploy", "STAGE=prod"], "", {}, "mail_provider is 'ses' but mail_sender is empty. "),
        (["deploy", "STAGE=test"], SENDER, {}, "There is no stage 'test'; choose one of dev, prod, local."),
        (
            ["deploy"],
            f"{SENDER} -c region=eu-central-2 -c budget_usd=20",
            {},
            "budget_usd is 20, but CloudFormation does not support AWS budgets in eu-central-2. Set budget_usd ",
        ),
        (["deploy"], f"{SENDER} -c region=frankfurt", {}, "region is 'frankfurt'; it must be an AWS region "),
        (["deploy"], f"{SENDER} -c task_memory=1024", {}, "task_memory is 1024 MiB; with task_cpu 1024 it "),
        (
            ["deploy"],
            SENDER,
            {"AWS_REGION": ""},
            "No AWS region is set; set one, for example with -c region=",
        ),
        (
            ["deploy"],
            SENDER,
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            "There are no AWS credentials; sign in ",
        ),
        (
            ["deploy"],
            f"{SENDER} --profile nobody",
            {},
            "AWS rejected the credentials or the region (-c region=…): ",
        ),
        (
            ["destroy", "STAGE=prod"],
            "-c stage=dev",
            {},
            "The stage is prod, but ARGS names another one; set the stage only with STAGE=….",
        ),
        (["destroy"], "", {}, "There is no stack LLMReady-dev in us-east-1; there is nothing to remove."),
        (
            ["sender"],
            "-c mail_provider=none",
            {},
            "mail_provider is 'none'; only senders of SES need verification.",
        ),
    ],
)
def test_failed_check_prints_one_message_and_creates_nothing(  # noqa: PLR0917 (what a case is made of)
    account: Emulator,
    make: Make,
    words: list[str],
    arguments: str,
    environment: dict[str, str],
    sentence: str,
) -> None:
    assert refusal(make(*words, arguments=arguments, **environment)).startswith(sentence)
    assert stacks(account) == []
    assert account.client("s3").list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (
            "UPDATE_IN_PROGRESS",
            "LLMReady-dev is being changed (UPDATE_IN_PROGRESS); wait until the change has ended.",
        ),
        (
            "UPDATE_ROLLBACK_FAILED",
            (
                "LLMReady-dev is stuck (UPDATE_ROLLBACK_FAILED); run `aws cloudformation continue-update-rollback"
                " --stack-name LLMReady-dev --region us-east-1` first."
            ),
        ),
    ],
)
def test_a_stack_that_cannot_be_changed_now(
    account: Emulator, monkeypatch: pytest.MonkeyPatch, status: str, sentence: str
) -> None:
    # The emulator stays in neither state; what AWS answers then is checked against its model.
    for name, value in credentials(account).items():
        monkeypatch.setenv(name, value)
    asked = Account(load_stage("dev", {"mail_provider": "none"}))
    client = account.client("cloudformation")
    monkeypatch.setattr(asked, "client", lambda _service: client)
    answer = {"StackName": "LLMReady-dev", "CreationTime": datetime.now(UTC), "StackStatus": status}
    with Stubber(client) as answers:
        answers.add_response("describe_stacks", {"Stacks": [answer]}, {"StackName": "LLMReady-dev"})
        with pytest.raises(PreflightError) as refused:
            check_is_still(asked)
    assert str(refused.value) == sentence


def test_missing_read_permission_does_not_stop_a_deploy(
    account: Emulator, engine: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The CDK deploys with its own roles. A pipeline often has only the permission to assume these roles."""
    monkeypatch.setattr("infra.preflight.checks.ROLE_SPREADS", 0.0)
    for name, value in credentials(account).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CDK_DOCKER", str(engine))

    def denied(_self: Account, name: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": f"not {name}"}}, "DescribeStacks")

    monkeypatch.setattr(Account, "stack_of", denied)
    assert main(["deploy", "-c", "mail_provider=none"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "--context protected=true\n"
    told = printed.err.splitlines()
    assert len(told) == 3
    assert all(line.startswith("Check skipped, because a permission is missing: ") for line in told)


def test_a_bootstrap_with_custom_names(account: Emulator, make: Make) -> None:
    account.client("s3").create_bucket(Bucket="our-assets")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "their-assets"}}
    template = {"Resources": {"B": bucket}, "Outputs": {"BucketName": {"Value": "our-assets"}}}
    account.client("cloudformation").create_stack(StackName="Ours", TemplateBody=json.dumps(template))
    account.client("ssm").put_parameter(Name="/cdk-bootstrap/ours/version", Value="21", Type="String")
    names = "--toolkit-stack-name Ours -c @aws-cdk/core:bootstrapQualifier=ours"
    assert refusal(make("deploy", arguments=f"{SENDER} {names}")).startswith("SES has not verified ")


def test_a_protected_stage_is_not_destroyed(account: Emulator, make: Make) -> None:
    account.client("cloudformation").create_stack(
        StackName="LLMReady-prod",
        TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}),
        EnableTerminationProtection=True,
    )
    assert refusal(make("destroy", "STAGE=prod", arguments="")).startswith(
        "LLMReady-prod is protected from deletion; to remove it anyway, run `aws cloudformation"
    )
    assert "LLMReady-prod" in stacks(account)


# The engine that builds the image


@pytest.mark.parametrize(
    ("settings", "platforms", "buildx", "sentence"),
    [
        (
            {},
            "linux/amd64, linux/386",
            True,
            "architecture is 'arm64', but {engine} here builds images only for amd64. ",
        ),
        (
            {"architecture": "x86_64"},
            "linux/arm64",
            True,
            "architecture is 'x86_64', but {engine} here builds images only for arm64. Set architecture = \"arm64\"",
        ),
        ({}, "linux/arm64", False, "`docker buildx version` fails, but the worker's image needs BuildKit. "),
    ],
)
def test_an_engine_that_cannot_build_for_the_tasks_is_refused(  # noqa: PLR0917 (what a case is made of)
    account: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    platforms: str,
    buildx: bool,  # noqa: FBT001
    sentence: str,
) -> None:
    asked = _account(account, monkeypatch, **settings)
    engine = docker(tmp_path / "docker", platforms, buildx=buildx)
    monkeypatch.setenv("CDK_DOCKER", str(engine))
    with pytest.raises(PreflightError) as refused:
        check_engine(asked)
    assert str(refused.value).startswith(sentence.format(engine=engine))


def test_prod_is_not_built_from_a_base_without_a_digest(
    account: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    monkeypatch.setattr("infra.preflight.base_images.DOCKERFILE", dockerfile)
    for name, value in credentials(account).items():
        monkeypatch.setenv(name, value)
    prod, dev = (Account(load_stage(name, {"mail_provider": "none"})) for name in ("prod", "dev"))
    dockerfile.write_text("ARG BASE=debian:trixie-slim\nFROM ${BASE} AS tools\nFROM tools\n")
    with pytest.raises(PreflightError) as refused:
        check_base_images(prod)
    assert str(refused.value).startswith(
        "The base image debian:trixie-slim in container/Dockerfile has no digest, but the stage prod requires one. "
        "Run `make pin-images`"
    )
    check_base_images(dev)
    dockerfile.write_text(
        f"ARG BASE=debian:trixie-slim@sha256:{'0' * 64}\nFROM ${{BASE}} AS tools\nFROM tools\n"
    )
    check_base_images(prod)


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_an_engine_that_builds_for_both_processors_is_accepted(
    account: Emulator, engine: Path, monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    monkeypatch.setenv("CDK_DOCKER", str(engine))
    check_engine(_account(account, monkeypatch, architecture=architecture))


# The first deploy of an account


def test_the_role_of_ecs_is_made_before_the_first_cluster(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.preflight.checks.ROLE_SPREADS", 0.0)
    asked = _account(account, monkeypatch)
    for _ in range(2):  # the second time there is nothing to do
        check_service_role(asked)
    (role,) = account.client("iam").list_roles(PathPrefix="/aws-service-role/ecs.amazonaws.com/")["Roles"]
    assert "ecs.amazonaws.com" in json.dumps(role["AssumeRolePolicyDocument"])


@pytest.mark.parametrize(
    ("status", "is_protected", "options"),
    [
        (None, False, "--context protected=false"),
        ("ROLLBACK_COMPLETE", True, "--context protected=false"),
        ("ROLLBACK_FAILED", False, "--context protected=false"),
        ("CREATE_FAILED", True, "--context protected=false"),
        ("CREATE_COMPLETE", False, "--context protected=true"),
        ("UPDATE_ROLLBACK_COMPLETE", True, "--context protected=true"),
    ],
)
def test_only_a_stage_that_was_once_deployed_is_protected(  # noqa: PLR0917 (what a case is made of)
    account: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    status: str | None,
    is_protected: bool,  # noqa: FBT001
    options: str,
) -> None:
    """Termination protection of a stack whose creation failed would prevent its deletion and a second attempt."""
    asked = _account(account, monkeypatch)
    client = account.client("cloudformation")
    monkeypatch.setattr(asked, "client", lambda _service: client)
    is_made = status in {"CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
    name = {"StackName": "LLMReady-dev"}
    with Stubber(client) as answers:
        for number in range(3):
            if status is None:
                answers.add_client_error(
                    "describe_stacks", "ValidationError", "Stack with id LLMReady-dev does not exist"
                )
                continue
            stack = name | {
                "CreationTime": datetime.now(UTC),
                "StackStatus": status,
                "EnableTerminationProtection": is_protected,
            }
            answers.add_response("describe_stacks", {"Stacks": [stack]}, name)
            if is_protected and not is_made and number == 0:
                answers.add_response(
                    "update_termination_protection", {}, name | {"EnableTerminationProtection": False}
                )
        if status is not None:
            answers.add_response("get_template", {"TemplateBody": "{}"}, name)
        _prepare_deploy(asked)
        answers.assert_no_pending_responses()
    printed = capsys.readouterr()
    assert printed.out == f"{options}\n"
    assert ("protection from deletion is now off" in printed.err) is (is_protected and not is_made)


def test_a_stack_whose_deletion_failed_is_explained(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _account(account, monkeypatch)
    stack = {"StackName": "LLMReady-dev", "StackStatus": "DELETE_FAILED"}
    monkeypatch.setattr(Account, "stack_of", lambda _self, _name: stack)
    with pytest.raises(PreflightError, match=r"could not be deleted completely \(DELETE_FAILED\)\. Run `aws"):
        release_never_made(asked)


def _event(name: str, status: str, reason: str = "", kind: str = "AWS::S3::Bucket") -> dict[str, Any]:
    stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/LLMReady-dev/1"
    event = {
        "StackId": stack,
        "EventId": f"{name}-{status}",
        "StackName": "LLMReady-dev",
        "LogicalResourceId": name,
        "PhysicalResourceId": stack if name == "LLMReady-dev" else name,
        "ResourceType": kind,
        "ResourceStatus": status,
        "Timestamp": datetime.now(UTC),
    }
    return event | ({"ResourceStatusReason": reason} if reason else {})


def test_refusal_of_cloudfront_is_explained_with_the_setting(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _account(account, monkeypatch)
    client = account.client("cloudformation")
    monkeypatch.setattr(asked, "client", lambda _service: client)
    refusal = (
        "Resource handler returned message: \"Access denied for operation 'AWS::CloudFront::Distribution: Your"
        " account must be verified before you can add new CloudFront resources. To verify your account, please"
        " contact AWS Support (https://console.aws.amazon.com/support/home#/) and include this error message.'\""
        " (HandlerErrorCode: AccessDenied)"
    )
    # In CloudFormation's order: the newest event first, and an earlier attempt at the end.
    events = [
        _event("LLMReady-dev", "ROLLBACK_COMPLETE"),
        _event("Table", "CREATE_FAILED", "Resource creation cancelled", "AWS::DynamoDB::Table"),
        _event("Web", "CREATE_FAILED", refusal, "AWS::CloudFront::Distribution"),
        _event("LLMReady-dev", "CREATE_IN_PROGRESS", "User Initiated"),
        _event("Old", "CREATE_FAILED", "something of yesterday"),
    ]
    with Stubber(client) as answers:
        answers.add_response("describe_stack_events", {"StackEvents": events}, {"StackName": "LLMReady-dev"})
        told = explain(asked)
    assert told[0].startswith("Web (AWS::CloudFront::Distribution): Resource handler returned message")
    assert "set web = false in stages/dev.toml" in told[1]
    assert len(told) == 2


def test_stack_and_table_are_protected_after_the_first_success(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    }
    template = {"Resources": {"Table": table}, "Outputs": {"Table": {"Value": {"Ref": "Table"}}}}
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(StackName="LLMReady-dev", TemplateBody=json.dumps(template))

    def stack() -> dict[str, Any]:
        (found,) = cloudformation.describe_stacks(StackName="LLMReady-dev")["Stacks"]
        return dict(found)

    wait_for(lambda: stack()["StackStatus"] == "CREATE_COMPLETE")
    protect(_account(account, monkeypatch))  # dev keeps no data
    assert not stack().get("EnableTerminationProtection")
    asked = _account(account, monkeypatch, retain_data="true")
    for _ in range(2):
        protect(asked)
    assert stack()["EnableTerminationProtection"] is True
    name = stack()["Outputs"][0]["OutputValue"]
    described = account.client("dynamodb").describe_table(TableName=name)["Table"]
    assert described["DeletionProtectionEnabled"] is True


# Settings that change


def test_a_setting_that_a_deploy_would_change_is_named(
    account: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _account(account, monkeypatch, alarm_address="ops@example.com", malware_scan="true")
    template = {
        "Metadata": {METADATA: settings_metadata(before.stage)},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}},
    }
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(StackName="LLMReady-dev", TemplateBody=json.dumps(template))
    assert changed_settings(before) == []
    assert changed_settings(_account(account, monkeypatch, max_tasks="20")) == [
        "max_tasks: 10 → 20",
        'alarm_address: "ops@example.com" → ""',
        "malware_scan: true → false",
    ]


def _account(account: Emulator, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Account:
    for name, value in credentials(account).items():
        monkeypatch.setenv(name, value)
    return Account(load_stage("dev", settings))
