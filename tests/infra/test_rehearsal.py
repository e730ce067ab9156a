"""The life of a stage that keeps its data, by the CDK's own commands: create, fail, retry, upgrade, destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testkit.emulator import Emulator
    from tests.infra.operator import Make
    from tests.infra.template import Template

STACK = "LLMReady-local"
KEPT = "-c retain_data=true --require-approval never"


def _stack(account: Emulator) -> dict[str, Any]:
    (found,) = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return dict(found)


def _outputs(account: Emulator) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in _stack(account)["Outputs"]}


def _function_name(template: Template) -> str:
    """Return the future name of one of the stack's CloudFront Functions."""
    function = next(iter(template.of("AWS::CloudFront::Function").values()))
    return str(function["Properties"]["Name"])


def test_create_fail_retry_upgrade_destroy(account: Emulator, make: Make, local: Template) -> None:
    assert make("bootstrap", "STAGE=local", arguments="--require-approval never").returncode == 0
    assert make("sender", "STAGE=local", arguments="").returncode == 0
    cloudfront, dynamodb = account.client("cloudfront"), account.client("dynamodb")
    # Names in CloudFront belong to the whole account, and this one is taken.
    name = _function_name(local)
    taken = cloudfront.create_function(
        Name=name,
        FunctionConfig={"Comment": "somebody else's", "Runtime": "cloudfront-js-2.0"},
        FunctionCode=b"function handler(event) { return event.request }",
    )

    failed = make("deploy", "STAGE=local", arguments=KEPT)
    assert failed.returncode != 0
    assert f"(AWS::CloudFront::Function): AWS::CloudFront::Function: {name} already exists" in failed.stderr
    stack = _stack(account)
    assert stack["StackStatus"] in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
    assert not stack.get("EnableTerminationProtection")
    assert dynamodb.list_tables()["TableNames"] == []

    cloudfront.delete_function(Name=name, IfMatch=taken["ETag"])
    retried = make("deploy", "STAGE=local", arguments=KEPT)
    assert retried.returncode == 0, retried.stderr[-3000:]
    stack, outputs = _stack(account), _outputs(account)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["EnableTerminationProtection"] is True
    table = dynamodb.describe_table(TableName=outputs["Table"])["Table"]
    assert table["DeletionProtectionEnabled"] is True
    item = {"pk": {"S": "kept"}, "sk": {"S": "kept"}}
    dynamodb.put_item(TableName=outputs["Table"], Item=item)

    upgraded = make("deploy", "STAGE=local", arguments=f"{KEPT} -c max_tasks=20")
    assert upgraded.returncode == 0, upgraded.stderr[-3000:]
    assert "Setting changed: max_tasks: 10 → 20" in upgraded.stderr
    assert _stack(account)["StackStatus"] == "UPDATE_COMPLETE"
    assert _stack(account)["EnableTerminationProtection"] is True
    assert _outputs(account)["Table"] == outputs["Table"]

    refused = make("destroy", "STAGE=local", arguments="--force")
    assert refused.returncode == 2
    assert f"{STACK} is protected from deletion" in refused.stderr
    account.client("cloudformation").update_termination_protection(
        StackName=STACK, EnableTerminationProtection=False
    )
    destroyed = make("destroy", "STAGE=local", arguments="--force")
    assert destroyed.returncode == 0, destroyed.stderr[-3000:]
    # What people have stored outlives the stack.
    assert dynamodb.get_item(TableName=outputs["Table"], Key=item)["Item"] == item
    assert account.client("s3").head_bucket(Bucket=outputs["Bucket"])
