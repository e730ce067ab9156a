"""Deploy the synthesised stack into the emulator with CloudFormation."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.child import LOCAL_ACCOUNT, LOCAL_REGION
from infra.local.failure import LocalError
from infra.stage_files import LOCAL
from llmready.adapters.mail.ses import is_verified

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.aws import Clients

STACK = "LLMReady-local"
DEPLOY_WITHIN = 180.0
# The earliest time of the ZIP format; with a fixed time, equal content gives equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_STABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_BROKEN = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The resources of the stack, by the names of its outputs."""

    template: str
    """Digest of the deployed template."""
    api_id: str
    table: str
    bucket: str
    cluster: str
    distribution: str
    queues: dict[str, str]


def deploy(clients: Clients, assembly: Path, record: Path) -> tuple[Deployed, bool]:
    """Deploy the assembly's template if it changed; data is kept. Return whether a deploy was necessary.

    Args:
        clients: the emulator's.
        assembly: folder of the cloud assembly.
        record: file with the digest of the last deployed template.

    Raises:
        LocalError: CloudFormation refused the template or failed.
    """
    template = assembly / f"{STACK}.template.json"
    digest = hashlib.sha256(template.read_bytes()).hexdigest()
    status = _status(clients)
    try:
        if status in _STABLE and record.exists() and record.read_text() == digest:
            return _outputs(clients, digest), False
        record.unlink(missing_ok=True)
        _verify_sender(clients)
        url = _upload(clients, assembly)
        if status in _BROKEN:
            clients.cloudformation.delete_stack(StackName=STACK)
            _settled(clients)
            status = None
        _apply(clients, url, create=status is None)
        deployed = _outputs(clients, digest)
        _complete_table(clients, deployed.table)
    except (ClientError, BotoCoreError) as error:
        raise LocalError(f"The stack could not be deployed: {error}") from error
    return deployed, True


def _apply(clients: Clients, url: str, *, create: bool) -> None:
    change = clients.cloudformation.create_stack if create else clients.cloudformation.update_stack
    try:
        change(
            StackName=STACK,
            TemplateURL=url,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    status = _settled(clients)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise LocalError(f"The stack could not be deployed ({status}): {_reason(clients)}")


def _status(clients: Clients) -> str | None:
    try:
        stacks = clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    status = stacks[0]["StackStatus"] if stacks else "DELETE_COMPLETE"
    return None if status == "DELETE_COMPLETE" else status


def _settled(clients: Clients) -> str | None:
    deadline = time.monotonic() + DEPLOY_WITHIN
    while time.monotonic() < deadline:
        status = _status(clients)
        if status is None or not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.1)
    raise LocalError(f"The stack is still {status} after {DEPLOY_WITHIN:.0f} s.")


def _reason(clients: Clients) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    if not failed:
        return "no reason given"
    first = failed[-1]
    return f"{first.get('LogicalResourceId')}: {first.get('ResourceStatusReason', 'no reason given')}"


def _outputs(clients: Clients, template: str) -> Deployed:
    stack = clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    values = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    queues = {
        "standard": values["StandardQueue"],
        "generation_dead_letters": values["GenerationDeadLettersQueue"],
        "priority": values["PriorityQueue"],
        "standard_browser": values["StandardBrowserQueue"],
        "priority_browser": values["PriorityBrowserQueue"],
        "mail": values["MailQueue"],
        "mail_dead_letters": values["MailDeadLettersQueue"],
        "webhook": values["WebhookQueue"],
        "webhook_dead_letters": values["WebhookDeadLettersQueue"],
    }
    return Deployed(
        template=template,
        api_id=values["ApiId"],
        table=values["Table"],
        bucket=values["Bucket"],
        cluster=values["Cluster"],
        distribution=values["Distribution"],
        queues=queues,
    )


def _verify_sender(clients: Clients) -> None:
    sender = str(LOCAL["mail_sender"])
    if not is_verified(clients.sesv2, sender):
        clients.sesv2.create_email_identity(EmailIdentity=sender)


def _complete_table(clients: Clients, table: str) -> None:
    # The emulator's CloudFormation ignores TTL and recovery in the template.
    clients.dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    clients.dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def _upload(clients: Clients, assembly: Path) -> str:
    """Upload the assembly's assets to the places that its template expects, and return the template's URL."""
    manifest: dict[str, dict[str, Any]] = json.loads((assembly / f"{STACK}.assets.json").read_text())
    url = ""
    for asset in manifest["files"].values():
        source = assembly / asset["source"]["path"]
        for destination in asset["destinations"].values():
            bucket, key = _filled(destination["bucketName"]), _filled(destination["objectKey"])
            if not _stored(clients, bucket, key):
                body = _zipped(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
                clients.s3.put_object(Bucket=bucket, Key=key, Body=body)
            if source.name == f"{STACK}.template.json":
                url = f"{clients.s3.meta.endpoint_url}/{bucket}/{key}"
    return url


def _filled(text: str) -> str:
    return text.replace("${AWS::AccountId}", LOCAL_ACCOUNT).replace("${AWS::Region}", LOCAL_REGION)


def _stored(clients: Clients, bucket: str, key: str) -> bool:
    try:
        clients.s3.head_bucket(Bucket=bucket)
    except ClientError:
        clients.s3.create_bucket(Bucket=bucket)
        return False
    try:
        clients.s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    # A lower compression level is faster, and nothing is sent over a network.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = path.stat().st_mode << 16  # as the CDK CLI does
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
