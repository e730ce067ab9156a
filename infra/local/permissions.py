"""Compare the permissions of roles with the calls that they made.

Run ``python -m infra.local.permissions DECISIONS`` after a test run that enforced IAM. It compares the
template of the local stage with the decisions that the emulator logged. It lists the allowed actions that
were never used, and the actions that were denied. The exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.local.assembly import synthesised
from infra.local.deployment import STACK

if TYPE_CHECKING:
    from collections.abc import Iterable

# Actions that AWS needs and that the emulator does without a role.
NOT_EVALUATED = {
    "logs:CreateLogStream": "Lambda and ECS write the log in the role's name",
    "logs:PutLogEvents": "Lambda and ECS write the log in the role's name",
    "xray:PutTraceSegments": "there is no X-Ray daemon on this machine",
    "xray:PutTelemetryRecords": "there is no X-Ray daemon on this machine",
    "ecr:GetAuthorizationToken": "ECS pulls the image; on this machine there is none",
    "ecr:BatchCheckLayerAvailability": "ECS pulls the image; on this machine there is none",
    "ecr:GetDownloadUrlForLayer": "ECS pulls the image; on this machine there is none",
    "ecr:BatchGetImage": "ECS pulls the image; on this machine there is none",
    "s3:AbortMultipartUpload": "needed only if a multipart upload is aborted",
}
# Lambda polls an event source's queue in the name of the function's role.
POLLED = {
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
POLLED_BECAUSE = "Lambda polls the queue in the role's name"


class Permission(NamedTuple):
    """An action of a role."""

    role: str
    action: str


class Comparison(NamedTuple):
    """Result of a comparison.

    Attributes:
        used: allowed and used.
        unused: allowed, never used, although the emulator evaluates it.
        denied: called, not allowed.
        not_evaluated: allowed, with the reason why a local run cannot show that it is needed.
    """

    used: list[Permission]
    unused: list[Permission]
    denied: list[Permission]
    not_evaluated: dict[Permission, str]


def compare(template: dict[str, Any], decisions: Iterable[dict[str, Any]]) -> Comparison:
    """Compare a template with the logged decisions.

    Args:
        template: the synthesised template.
        decisions: lines of the emulator's access log.
    """
    roles = _roles(template)
    asked = {True: set[Permission](), False: set[Permission]()}
    for decision in decisions:
        role = next((name for name in roles if f"-{name}-" in decision["role"]), decision["role"])
        asked[decision["allowed"]].add(Permission(role, decision["action"]))
    allowed = {Permission(role, action) for role, actions in roles.items() for action in actions}
    pollers = _polling_roles(template)
    unused = sorted(allowed - asked[True])
    excused = {permission: _excuse(permission, pollers) for permission in unused}
    return Comparison(
        used=sorted(allowed & asked[True]),
        unused=[permission for permission in unused if not excused[permission]],
        denied=sorted(asked[False]),
        not_evaluated={permission: why for permission, why in excused.items() if why},
    )


def _excuse(permission: Permission, pollers: set[str]) -> str:
    if permission.role in pollers and permission.action in POLLED:
        return POLLED_BECAUSE
    return NOT_EVALUATED.get(permission.action, "")


def _roles(template: dict[str, Any]) -> dict[str, set[str]]:
    """Return the actions of each role by its logical ID."""
    resources = template["Resources"]
    roles: dict[str, set[str]] = {
        name: set() for name, entry in resources.items() if entry["Type"] == "AWS::IAM::Role"
    }
    for entry in resources.values():
        if entry["Type"] == "AWS::IAM::Policy":
            for role in entry["Properties"]["Roles"]:
                roles[role["Ref"]] |= _actions(entry["Properties"]["PolicyDocument"])
    return roles


def _actions(document: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for statement in document["Statement"]:
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found


def _polling_roles(template: dict[str, Any]) -> set[str]:
    resources = template["Resources"]
    return {
        resources[entry["Properties"]["FunctionName"]["Ref"]]["Properties"]["Role"]["Fn::GetAtt"][0]
        for entry in resources.values()
        if entry["Type"] == "AWS::Lambda::EventSourceMapping"
    }


def report(found: Comparison) -> str:
    """Return the comparison as lines of text."""
    lines = [f"{len(found.used)} actions allowed and used"]
    for title, permissions in (("allowed but never used", found.unused), ("denied", found.denied)):
        lines.append(f"{len(permissions)} actions {title}")
        lines += [f"  {permission.role}  {permission.action}" for permission in permissions]
    lines.append(f"{len(found.not_evaluated)} actions that AWS needs and the emulator does not evaluate")
    reasons = {
        why: sorted({r.action for r, w in found.not_evaluated.items() if w == why})
        for why in sorted(set(found.not_evaluated.values()))
    }
    lines += [f"  {', '.join(actions)}: {why}" for why, actions in reasons.items()]
    return "\n".join(lines)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Compares allowed with used actions of every role.")
    parser.add_argument("decisions", type=Path, help="file with IAM's decisions, a JSON object a line")
    parser.add_argument(
        "--part",
        action="store_true",
        help="the decisions come from a part of the tests, so do not report unused actions",
    )
    options = parser.parse_args()
    assembly, _ = asyncio.run(synthesised())
    template = json.loads((assembly / f"{STACK}.template.json").read_text())
    found = compare(template, map(json.loads, options.decisions.read_text().splitlines()))
    print(report(found))
    return 1 if found.denied or (found.unused and not options.part) else 0


if __name__ == "__main__":
    sys.exit(main())
