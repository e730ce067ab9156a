"""Alarms, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_sqs as sqs

    from infra.stage import Stage


class Monitoring(Construct):
    """An alarm a dead-letter queue, told to a topic that the stage's alarm address subscribes to.

    Args:
        dead_letters: queues in which every message is a failure, by the name that the alarm gives.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, dead_letters: Mapping[str, sqs.IQueue]
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Alarms", enforce_ssl=True)
        if stage.alarm_address:
            self.topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_address))
        for name, queue in dead_letters.items():
            alarm = queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic="Maximum"
            ).create_alarm(
                self,
                f"{name}DeadLetters",
                alarm_description=f"{name}: messages failed for good (docs/operations.md)",
                threshold=1,
                evaluation_periods=1,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            alarm.add_alarm_action(actions.SnsAction(self.topic))
