"""Alarms and the dashboard of a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_apigatewayv2 as apigateway
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_ses as ses
    from aws_cdk import aws_sqs as sqs

    from infra.constructs.queues import Queues
    from infra.stage import Stage

NAMESPACE = "LLMReady"
RUNBOOK = "docs/operations.md"

_MINUTE = Duration.minutes(1)
_FIVE_MINUTES = Duration.minutes(5)
_HOUR = Duration.hours(1)
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_MORE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
# With fewer ended generations in an hour, the failure rate is not meaningful.
_ENDS_FOR_A_RATE = 5
_FAILED_PERCENT = 25


class Monitoring(Construct):
    """Alarms that notify one topic, and a dashboard.

    An alarm's name is the anchor of its section in the runbook.

    Args:
        api: the HTTP API.
        table: the table.
        queues: all queues.
        mails: the configuration set that mails are sent through, if SES sends them.
        functions: the functions by name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        api: apigateway.HttpApi,
        table: dynamodb.ITable,
        queues: Queues,
        mails: ses.IConfigurationSet | None,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._api = api
        self.topic = sns.Topic(self, "Alarms", enforce_ssl=True)
        # A topic policy replaces SNS's default policy, which lets the account's own alarms publish.
        self._allow_publishing("cloudwatch.amazonaws.com")
        if stage.alarm_address:
            self.topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_address))
        self._watch_queues(queues)
        self._watch_generations()
        self._watch_requests(table)
        if mails is not None:
            self._watch_mails(mails)
        if stage.malware_scan and stage.custom_resources:
            self._alarm(
                "archive-not-clean",
                self._ours("ArchivesNotClean", "Sum", _FIVE_MINUTES),
                "an archive was infected or could not be scanned",
            )
        if stage.budget_usd:
            self._watch_budget(stage.budget_usd)
        self._dashboard(queues, functions)

    def _watch_queues(self, queues: Queues) -> None:
        for name, queue in (
            ("generations", queues.standard),
            ("mail", queues.mail),
            ("webhook", queues.webhooks),
        ):
            metric = queue.dead_letters.metric_approximate_number_of_messages_visible(
                period=_MINUTE, statistic="Maximum"
            )
            self._alarm(
                f"dead-letters-{name}", metric, f"messages of the {name} queue moved to the dead-letter queue"
            )

    def _watch_generations(self) -> None:
        self._alarm(
            "oldest-unfinished",
            self._ours("OldestUnfinishedSeconds", "Maximum", _FIVE_MINUTES),
            "a generation has waited or run too long",
            threshold=2 * self._stage.generation_timeout,
        )
        # The dispatcher reports metrics each minute; without them, no tasks are started.
        self._alarm(
            "dispatcher-silent",
            self._ours("UnfinishedGenerations", "SampleCount", _FIVE_MINUTES),
            "the dispatcher has not run",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            periods=2,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        ends = f"IF(failed + completed >= {_ENDS_FOR_A_RATE}, 100 * failed / (failed + completed), 0)"
        self._alarm(
            "failure-rate",
            cloudwatch.MathExpression(
                expression=ends.replace("failed", "FILL(failed, 0)").replace(
                    "completed", "FILL(completed, 0)"
                ),
                using_metrics={
                    "failed": self._ours("GenerationsFailed", "Sum", _HOUR),
                    "completed": self._ours("GenerationsCompleted", "Sum", _HOUR),
                },
                period=_HOUR,
                label="failed %",
            ),
            f"more than {_FAILED_PERCENT} % of an hour's generations failed",
            threshold=_FAILED_PERCENT,
            comparison=_MORE,
        )
        self._alarm(
            "tasks-not-started",
            self._ours("TasksNotStarted", "Minimum", _FIVE_MINUTES),
            "worker tasks cannot be started",
            periods=2,
        )

        self._alarm(
            "tasks-failed-to-start",
            self._ours("TasksFailedToStart", "Sum", _FIVE_MINUTES),
            "worker tasks stop before they can work",
            threshold=2,
        )

    def _watch_requests(self, table: dynamodb.ITable) -> None:
        self._alarm(
            "server-errors",
            self._api.metric_server_error(period=_FIVE_MINUTES, statistic="Sum"),
            "requests were answered with 5xx",
            threshold=5,
        )
        # Concurrency is limited per account, so the metric of the account is used.
        self._alarm(
            "functions-throttled",
            cloudwatch.Metric(
                namespace="AWS/Lambda", metric_name="Throttles", statistic="Sum", period=_FIVE_MINUTES
            ),
            "functions were throttled",
            threshold=10,
        )
        throttles = {
            name.lower(): cloudwatch.Metric(
                namespace="AWS/DynamoDB",
                metric_name=f"{name}ThrottleEvents",
                dimensions_map={"TableName": table.table_name},
                statistic="Sum",
                period=_FIVE_MINUTES,
            )
            for name in ("Read", "Write")
        }
        self._alarm(
            "table-throttled",
            cloudwatch.MathExpression(
                expression="FILL(read, 0) + FILL(write, 0)",
                using_metrics=throttles,
                period=_FIVE_MINUTES,
                label="throttled",
            ),
            "the table refused requests",
            threshold=10,
        )

    def _watch_mails(self, mails: ses.IConfigurationSet) -> None:
        self._alarm(
            "mail-bounces",
            cloudwatch.Metric(
                namespace="AWS/SES",
                metric_name="Bounce",
                dimensions_map={"ses:configuration-set": mails.configuration_set_name},
                statistic="Sum",
                period=_HOUR,
            ),
            "mails bounced; SES pauses senders above 5 %",
            threshold=5,
        )

    def _watch_budget(self, dollars: int) -> None:
        self._allow_publishing("budgets.amazonaws.com")
        told = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self.topic.topic_arn)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=dollars, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[told],
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )

    def _allow_publishing(self, service: str) -> None:
        """Let an AWS service publish to the topic, but only for this account."""
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal(service)],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )

    def _alarm(
        self,
        anchor: str,
        metric: cloudwatch.IMetric,
        what: str,
        *,
        threshold: float = 1,
        comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        # The emulator does not support alarms on metric math.
        if self._stage.name == "local" and isinstance(metric, cloudwatch.MathExpression):
            return
        alarm = cloudwatch.Alarm(
            self,
            "".join(word.title() for word in anchor.split("-")),
            metric=metric,
            alarm_description=f"LLMReady {self._stage.name}: {what}. What to do: {RUNBOOK}#{anchor}",
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))

    def _ours(
        self, name: str, statistic: str, period: Duration = _FIVE_MINUTES, **dimensions: str
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": f"llmready-{self._stage.name}", **dimensions},
            statistic=statistic,
            period=period,
        )

    def _dashboard(self, queues: Queues, functions: Mapping[str, lambda_.IFunction]) -> None:
        def graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6)

        def waiting(name: str, queue: sqs.IQueue) -> cloudwatch.IMetric:
            return queue.metric_approximate_number_of_messages_visible(label=name, statistic="Maximum")

        by_code = cloudwatch.MathExpression(
            expression=(
                f'SEARCH(\'{{{NAMESPACE},code,service}} MetricName="GenerationsFailed"'
                f" service=\"llmready-{self._stage.name}\"', 'Sum', 300)"
            ),
            label="",
            using_metrics={},
            period=_FIVE_MINUTES,
        )
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            default_interval=Duration.days(1),
            widgets=[
                [
                    graph(
                        "Generations",
                        *(
                            self._ours(f"Generations{end}", "Sum")
                            for end in ("Accepted", "Completed", "Failed", "Cancelled")
                        ),
                    ),
                    graph("Failed by code", by_code),
                    graph(
                        "Unfinished, and tasks that did not start",
                        self._ours("UnfinishedGenerations", "Maximum"),
                        self._ours("TasksNotStarted", "Maximum"),
                    ),
                ],
                [
                    graph("Pages", *(self._ours(f"Pages{end}", "Sum") for end in ("Crawled", "Failed"))),
                    graph(
                        "Seconds (p90)",
                        *(
                            self._ours(name, "p90")
                            for name in ("DurationSeconds", "QueueWaitSeconds", "OldestUnfinishedSeconds")
                        ),
                    ),
                    graph(
                        "Bytes, microdollars, refunds",
                        *(
                            self._ours(name, "Sum")
                            for name in ("ArchiveBytes", "CostMicrodollars", "QuotaRefunded")
                        ),
                    ),
                ],
                [
                    graph(
                        "Requests",
                        self._api.metric_count(statistic="Sum"),
                        self._api.metric_client_error(statistic="Sum"),
                        self._api.metric_server_error(statistic="Sum"),
                    ),
                    graph("Latency (p90)", self._api.metric_latency(statistic="p90")),
                    graph("Function errors", *(each.metric_errors() for each in functions.values())),
                ],
                [graph("Queues", *(waiting(name, queue) for name, queue in queues.named().items()))],
            ],
        )
