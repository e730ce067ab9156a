"""Compare the settings of a stage with those in the deployed template."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.preflight.account import Account
    from infra.stage import Stage

METADATA = "LLMReadySettings"


def settings_metadata(stage: Stage) -> dict[str, Any]:
    """Return the settings of a stage in the form of its template's metadata."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(stage).items()}


def changed_settings(account: Account) -> list[str]:
    """Return a line for each setting that differs from the deployed one; none before the first deploy."""
    stack = account.stack_of(account.stage.stack_name)
    if stack is None:
        return []
    template = account.client("cloudformation").get_template(StackName=stack["StackName"])["TemplateBody"]
    if isinstance(template, str):
        template = json.loads(template)
    deployed: dict[str, Any] = template.get("Metadata", {}).get(METADATA, {})
    wanted = settings_metadata(account.stage)
    return [
        f"{name}: {_shown(deployed[name])} → {_shown(wanted[name])}"
        for name in wanted
        if name in deployed and deployed[name] != wanted[name]
    ]


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
