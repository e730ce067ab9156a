"""IAM on this machine: who asked for what, and the credentials of a task's role.

Part of the emulator's process, when ``AUTH=true`` has it evaluate policies for each call.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import sts

if TYPE_CHECKING:
    from pathlib import Path

CREDENTIALS_PATH = "/_llmready/task-credentials"


def log_decisions(path: Path) -> None:
    """Write a line for each decision about a role, without repeating one.

    Args:
        path: JSON lines of ``role``, ``action``, ``resource`` and ``allowed``.
    """
    enforce = iam_evaluator.enforce
    known: set[tuple[str, str, str, bool]] = set()

    def enforce_and_tell(
        access_key_id: str, iam_action: str, service: str, region: str, *rest: Any, **options: Any
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, *rest, **options)
        role = _role(access_key_id)
        if role is not None:
            resource = str(options.get("resource_arn", rest[0] if rest else "*"))
            decision = (role, iam_action, resource, denied is None)
            if decision not in known:
                known.add(decision)
                line = dict(zip(("role", "action", "resource", "allowed"), decision, strict=True))
                with path.open("a") as log:
                    log.write(json.dumps(line) + "\n")
        return denied

    iam_evaluator.enforce = enforce_and_tell


def _role(access_key_id: str) -> str | None:
    """Name the role that a key's session was made for; None for whoever runs the system."""
    arn = sts._sessions.get(access_key_id, {}).get("Arn", "")  # noqa: SLF001
    return str(arn).split("/")[1] if ":assumed-role/" in arn else None


def task_credentials(role_arn: str, task: str) -> dict[str, str]:
    """Give the credentials that ECS would give to a task.

    Args:
        role_arn: the task's role.
        task: id of the task.
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
