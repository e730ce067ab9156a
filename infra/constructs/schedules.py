"""Rules that run functions by schedule and on events of ECS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_ecs as ecs
    from aws_cdk import aws_lambda as lambda_


class Schedules(Construct):
    """Rules for the minute dispatcher, the monthly reset and the daily cleanup, all in UTC.

    Reset and cleanup stop before their timeout. The next scheduled call continues.

    Args:
        dispatcher: called each minute, and when a worker's task has stopped.
        quota_reset: called on the first of a month at 00:00, and repeatedly for two days.
        cleanup: called each day at 02:00, each hour, and every few minutes to delete accounts.
        cluster: cluster whose stopped tasks trigger the dispatcher.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dispatcher: lambda_.IFunction,
        quota_reset: lambda_.IFunction,
        cleanup: lambda_.IFunction,
        cluster: ecs.ICluster,
    ) -> None:
        super().__init__(scope, construct_id)
        self._rule(
            "EachMinute",
            "Sends messages and mails that were not sent, and starts missing tasks",
            dispatcher,
            schedule=events.Schedule.expression("rate(1 minute)"),
        )
        self._rule(
            "MonthlyQuotaReset",
            "Closes the quota ledgers of the past month",
            quota_reset,
            schedule=events.Schedule.cron(minute="0", hour="0", day="1"),
        )
        self._rule(
            "GoOnSettling",
            "Closes the ledgers that one run did not close",
            quota_reset,
            schedule=events.Schedule.cron(minute="15,30,45", hour="*", day="1-2"),
        )
        self._rule(
            "DailyCleanup",
            "Deletes expired files",
            cleanup,
            schedule=events.Schedule.cron(minute="0", hour="2"),
        )
        self._rule(
            "GoOnCleaning",
            "Deletes the files that one run did not delete",
            cleanup,
            schedule=events.Schedule.cron(minute="30"),
        )
        self._rule(
            "GoOnDeleting",
            "Continues the deletion of accounts",
            cleanup,
            schedule=events.Schedule.expression("rate(5 minutes)"),
            event={"only": "deletions"},
        )
        self._rule(
            "TaskStopped",
            "Starts another task when a task stops",
            dispatcher,
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Task State Change"],
                detail={"clusterArn": [cluster.cluster_arn], "lastStatus": ["STOPPED"]},
            ),
        )

    def _rule(
        self,
        construct_id: str,
        description: str,
        function: lambda_.IFunction,
        *,
        schedule: events.Schedule | None = None,
        event_pattern: events.EventPattern | None = None,
        event: dict[str, str] | None = None,
    ) -> None:
        events.Rule(
            self,
            construct_id,
            description=description,
            schedule=schedule,
            event_pattern=event_pattern,
            targets=[
                targets.LambdaFunction(
                    function,
                    retry_attempts=2,
                    event=events.RuleTargetInput.from_object(event) if event else None,
                )
            ],
        )
