"""One Lambda function for each folder of functions/, each with its own role and log group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.bytecode import FUNCTION_AT, RUNTIME, code_of
from infra.constructs.checks import acknowledge
from infra.constructs.layers import function_architecture
from infra.paths import FUNCTIONS
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.constructs.layers import Layers
    from infra.stage import Stage

HTTP_TIMEOUT = Duration.seconds(15)
HTTP_MEMORY = 512


def log_retention(stage: Stage) -> logs.RetentionDays:
    """Return the stage's log retention as the CDK's enumeration value."""
    days = {
        1: logs.RetentionDays.ONE_DAY,
        3: logs.RetentionDays.THREE_DAYS,
        5: logs.RetentionDays.FIVE_DAYS,
        7: logs.RetentionDays.ONE_WEEK,
        14: logs.RetentionDays.TWO_WEEKS,
        30: logs.RetentionDays.ONE_MONTH,
        60: logs.RetentionDays.TWO_MONTHS,
        90: logs.RetentionDays.THREE_MONTHS,
        120: logs.RetentionDays.FOUR_MONTHS,
        150: logs.RetentionDays.FIVE_MONTHS,
        180: logs.RetentionDays.SIX_MONTHS,
        365: logs.RetentionDays.ONE_YEAR,
        400: logs.RetentionDays.THIRTEEN_MONTHS,
    }
    return days[stage.log_retention_days]


class ServiceFunction(Construct):
    """A function with the code of a folder, both layers, and a role that may only write its own log.

    Args:
        folder: name of the folder in functions/. Its ``handler.handler`` is called.
        timeout: maximum duration of one invocation.
        memory: MiB, which also sets the CPU share.
        environment: the settings that this function reads, and no others.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: str,
        stage: Stage,
        layers: Layers,
        environment: Mapping[str, str],
        timeout: Duration,
        memory: int,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Log", retention=log_retention(stage), removal_policy=RemovalPolicy.DESTROY
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        acknowledge(
            role, "IAM5[Resource::*]", because="X-Ray and ecs:ListTasks do not support resources in policies"
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"LLMReady {stage.name}: {folder}",
            runtime=RUNTIME,
            architecture=function_architecture(stage),
            code=code_of(FUNCTIONS / folder, FUNCTION_AT),
            handler="handler.handler",
            layers=list(layers.all),
            role=role,
            timeout=timeout,
            memory_size=memory,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                **variables(Settings(stage=stage.name)),
                "POWERTOOLS_SERVICE_NAME": folder,
                "POWERTOOLS_METRICS_NAMESPACE": "LLMReady",
                "POWERTOOLS_LOG_LEVEL": stage.log_level,
                **environment,
            },
        )
        acknowledge(
            self.function,
            "L1",
            because="layers, image and tests use the same Python 3.13, which is supported until 2029",
        )
