"""Enforce IAM on this machine: evaluate policies as AWS does, log the decisions, provide task credentials.

Part of the emulator's process; ``AUTH=true`` enables the evaluation of policies for each call.
"""

from __future__ import annotations

import hashlib
import json
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import ecs, secretsmanager, sts
from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CREDENTIALS_PATH = "/_llmready/task-credentials"


def enforce_as_aws(path: Path) -> None:
    """Correct the differences between the emulator's evaluation and AWS's, and log each decision.

    Args:
        path: file for distinct JSON lines of ``role``, ``action``, ``resource`` and ``allowed``.
    """
    _name_secrets_by_arn()
    _authorise_tasks()
    _authorise_batches()
    _authorise_mails()
    _log_decisions(path)


def _name_secrets_by_arn() -> None:
    """Let a template's ``Ref`` to a secret return its ARN, because policies cannot use the emulator's name."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]  # noqa: SLF001
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def named_by_arn(change: Callable[..., tuple[str, dict[str, str]]]) -> Callable[..., Any]:
        def changed(*arguments: Any, **options: Any) -> tuple[str, dict[str, str]]:
            _, attributes = change(*arguments, **options)
            return attributes["Arn"], attributes

        return changed

    def name(arn: str) -> str:
        return secretsmanager._resolve(arn)[0] or arn  # noqa: SLF001

    handlers["create"] = named_by_arn(create)
    handlers["update"] = named_by_arn(lambda arn, *rest, **options: update(name(arn), *rest, **options))
    handlers["delete"] = lambda arn, properties: delete(name(arn), properties)


def _authorise_tasks() -> None:
    """Authorise calls of ECS on the resources and with the condition keys of the Service Authorization Reference."""
    resource_arn, context = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def task_resource(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        if service == "ecs" and (asked := _asked(body)):
            if "taskDefinition" in asked:
                return asked["taskDefinition"]
            return "*"
        return resource_arn(service, method, path, headers, body, *rest)

    def with_cluster(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
        found: dict[str, Any] = context(service, iam_action, body, params)
        cluster = _asked(body).get("cluster") if service == "ecs" else None
        return {**found, "ecs:cluster": cluster} if cluster else found

    iam_actions.extract_resource_arn = task_resource
    iam_actions.request_tag_context = with_cluster


def _authorise_batches() -> None:
    """Authorise a batch of SQS as its single action, because IAM has no action for batches."""
    action_of = iam_actions.extract_iam_action

    def single_action(service: str, *rest: Any, **options: Any) -> Any:
        action = action_of(service, *rest, **options)
        return action.removesuffix("Batch") if service == "sqs" and action else action

    iam_actions.extract_iam_action = single_action


def _authorise_mails() -> None:
    """Authorise a mail on its sender's identity and on its configuration set, as SES does."""
    enforce = app._enforce_ses_v2  # noqa: SLF001

    def enforce_each(  # noqa: PLR0917 (it stands in for the emulator's own)
        method: str, path: str, headers: Any, body: bytes, query_params: Any, request_id: str
    ) -> Any:
        asked = _asked(body)
        if "FromEmailAddress" not in asked:
            return enforce(method, path, headers, body, query_params, request_id)
        sender = parseaddr(asked["FromEmailAddress"])[1]
        names = [f"identity/{sender}"]
        if "ConfigurationSetName" in asked:
            names.append(f"configuration-set/{asked['ConfigurationSetName']}")
        region = app.extract_region(headers, query_params)
        for name in names:
            arn = f"arn:aws:ses:{region}:{get_account_id()}:{name}"
            denied = app._enforce_data_plane(  # noqa: SLF001
                "sesv2",
                "ses:SendEmail",
                headers,
                query_params,
                request_id,
                resource_arn=arn,
                service_context={"ses:FromAddress": sender},
                named_resource=arn,
            )
            if denied:
                return denied
        return None

    app._enforce_ses_v2 = enforce_each  # noqa: SLF001


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _log_decisions(path: Path) -> None:
    enforce = iam_evaluator.enforce
    known: set[tuple[str, str, str, bool]] = set()

    def enforce_and_tell(
        access_key_id: str, iam_action: str, service: str, region: str, *rest: Any, **options: Any
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, *rest, **options)
        resource = str(options.get("resource_arn", rest[0] if rest else "*"))
        role = _role(access_key_id)
        decision = (role or "", iam_action, resource, denied is None)
        if role is not None and decision not in known:
            known.add(decision)
            line = dict(zip(("role", "action", "resource", "allowed"), decision, strict=True))
            with path.open("a") as log:
                log.write(json.dumps(line) + "\n")
        if iam_action == "ecs:RunTask" and denied is None:
            # Starting a task requires the permission to pass its roles.
            passed = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
            for arn in _roles_of(resource):
                denied = denied or enforce_and_tell(
                    access_key_id, "iam:PassRole", "iam", region, resource_arn=arn, service_context=passed
                )
        return denied

    iam_evaluator.enforce = enforce_and_tell


def _roles_of(task_definition: str) -> list[str]:
    found = ecs._task_defs.get(task_definition.rpartition("/")[2]) or {}  # noqa: SLF001
    return [found[name] for name in ("taskRoleArn", "executionRoleArn") if found.get(name)]


def _role(access_key_id: str) -> str | None:
    """Return the role of a key's session, or None for the operator of the system."""
    arn = sts._sessions.get(access_key_id, {}).get("Arn", "")  # noqa: SLF001
    return str(arn).split("/")[1] if ":assumed-role/" in arn else None


def task_credentials(role_arn: str, task: str) -> dict[str, str]:
    """Give the credentials that ECS would give to a task.

    Args:
        role_arn: the task's role.
        task: ID of the task.
    """
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    digest = hashlib.sha256(f"{role_arn}/{task}".encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest, hashlib.sha256(digest.encode()).hexdigest()
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{task}",
            "UserId": f"{role}:{task}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
