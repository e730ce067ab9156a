"""Protection from deletion: a stack is protected after its first successful deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.preflight.account import PreflightError, outputs_of

if TYPE_CHECKING:
    from infra.preflight.account import Account

NEVER_MADE = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""States of a stack whose creation failed: it contains nothing and can only be deleted."""


def exists(account: Account) -> bool:
    """Return whether the stage was deployed before, so that this deploy is an upgrade."""
    stack = account.stack_of(account.stage.stack_name)
    return stack is not None and stack["StackStatus"] not in NEVER_MADE


def release_never_made(account: Account) -> str | None:
    """Turn off the protection of a stack whose creation failed. The CDK can then delete and create the stack.

    Returns:
        What was done, in a sentence; None if nothing was done.

    Raises:
        PreflightError: The stack is stuck in a state that the CDK does not resolve.
    """
    name = account.stage.stack_name
    stack = account.stack_of(name)
    if stack is None or stack["StackStatus"] not in NEVER_MADE:
        return None
    if stack["StackStatus"] == "DELETE_FAILED":
        raise PreflightError(
            f"{name} could not be deleted completely (DELETE_FAILED). Run `aws cloudformation delete-stack"
            f" --stack-name {name} {account.options}` once more, and see its events for the reason."
        )
    if not stack.get("EnableTerminationProtection"):
        return None
    account.client("cloudformation").update_termination_protection(
        StackName=name, EnableTerminationProtection=False
    )
    return (
        f"{name} was never created ({stack['StackStatus']}). Its protection from deletion is now off, and the CDK can"
        " replace it."
    )


def protect(account: Account) -> None:
    """Turn on deletion protection of the stack and of the table, for a stage that keeps its data."""
    stage = account.stage
    stack = account.stack_of(stage.stack_name)
    if not stage.retain_data or stack is None or stack["StackStatus"] in NEVER_MADE:
        return
    if not stack.get("EnableTerminationProtection"):
        account.client("cloudformation").update_termination_protection(
            StackName=stage.stack_name, EnableTerminationProtection=True
        )
    table = outputs_of(stack)["Table"]
    dynamodb = account.client("dynamodb")
    if not dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
