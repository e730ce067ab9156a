"""Where crawls run: an ECS cluster, the worker's task definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.checks import acknowledge
from infra.constructs.functions import log_retention
from infra.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_

    from infra.constructs.network import Network
    from infra.stage import Stage

CONTAINER = "worker"
# Fargate gives at most this long between SIGTERM and SIGKILL; the worker needs up to 60 s of it.
STOP_TIMEOUT = Duration.seconds(120)
# The image holds only what the worker and the crawler need; all else must not change its hash either.
IMAGE_CONTEXT = [
    "*",
    "!container",
    "!layers",
    "!requirements",
    "container/**/node_modules",
    "layers/dependencies",
    "requirements/*",
    "!requirements/container.txt",
    "**/__pycache__",
    "**/*.pyc",
]
# What the entry point needs to become the worker's user and to run crawlers under another one is
# SETUID, SETGID and KILL; the rest of what a container gets by default is dropped.
DROPPED_CAPABILITIES = [
    ecs.Capability.AUDIT_WRITE,
    ecs.Capability.CHOWN,
    ecs.Capability.DAC_OVERRIDE,
    ecs.Capability.FOWNER,
    ecs.Capability.FSETID,
    ecs.Capability.MKNOD,
    ecs.Capability.NET_BIND_SERVICE,
    ecs.Capability.NET_RAW,
    ecs.Capability.SETFCAP,
    ecs.Capability.SETPCAP,
    ecs.Capability.SYS_CHROOT,
]


class Workers(Construct):
    """Cluster and task definition of the workers.

    Args:
        network: where tasks run.
        environment: the settings that the worker reads.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        network: Network,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.network = network
        self.cluster = ecs.Cluster(self, "Cluster", vpc=network.vpc)
        # The construct's own way to name providers makes an association that the emulator lacks.
        cast("ecs.CfnCluster", self.cluster.node.default_child).capacity_providers = [
            "FARGATE",
            "FARGATE_SPOT",
        ]
        self.task_definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=stage.task_cpu,
            memory_limit_mib=stage.task_memory,
            runtime_platform=ecs.RuntimePlatform(
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
                cpu_architecture=(
                    ecs.CpuArchitecture.ARM64 if stage.architecture == "arm64" else ecs.CpuArchitecture.X86_64
                ),
            ),
        )
        acknowledge(
            self,
            "ECS4",
            because="Container Insights cost more than the tasks; the workers' own metrics say more",
        )
        acknowledge(self, "ECS2", because="the environment holds names of resources and numbers, no secret")
        acknowledge(
            self, "IAM5[Resource::*]", because="ecr:GetAuthorizationToken, for the image, knows no resource"
        )
        self.log_group = logs.LogGroup(
            self, "Log", retention=log_retention(stage), removal_policy=RemovalPolicy.DESTROY
        )
        linux = ecs.LinuxParameters(self, "Linux", init_process_enabled=True)
        linux.drop_capabilities(*DROPPED_CAPABILITIES)
        self.task_definition.add_container(
            CONTAINER,
            container_name=CONTAINER,
            image=_image(stage),
            environment={
                "LLMREADY_STAGE": stage.name,
                "POWERTOOLS_SERVICE_NAME": CONTAINER,
                "POWERTOOLS_METRICS_NAMESPACE": "LLMReady",
                "POWERTOOLS_LOG_LEVEL": stage.log_level,
                **environment,
            },
            logging=ecs.LogDrivers.aws_logs(stream_prefix=CONTAINER, log_group=self.log_group),
            linux_parameters=linux,
            stop_timeout=STOP_TIMEOUT,
        )

    def grant_launch(self, launcher: lambda_.Function) -> None:
        """Let a function run tasks of this definition in this cluster, and count them."""
        in_cluster = {"ArnEquals": {"ecs:cluster": self.cluster.cluster_arn}}
        for statement in (
            iam.PolicyStatement(
                actions=["ecs:RunTask"],
                resources=[self.task_definition.task_definition_arn],
                conditions=in_cluster,
            ),
            # ListTasks knows no resource but container instances, which Fargate has none of.
            iam.PolicyStatement(actions=["ecs:ListTasks"], resources=["*"], conditions=in_cluster),
        ):
            launcher.add_to_role_policy(statement)
        roles = [self.task_definition.task_role, self.task_definition.obtain_execution_role()]
        launcher.add_to_role_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[role.role_arn for role in roles],
                conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            )
        )

    def launch_settings(self) -> dict[str, str]:
        """What a function needs to know to run a task."""
        return {
            "LLMREADY_CLUSTER": self.cluster.cluster_arn,
            "LLMREADY_TASK_DEFINITION": self.task_definition.task_definition_arn,
            "LLMREADY_TASK_CONTAINER": CONTAINER,
            "LLMREADY_TASK_SUBNETS": ",".join(subnet.subnet_id for subnet in self.network.vpc.public_subnets),
            "LLMREADY_TASK_SECURITY_GROUP": self.network.workers.security_group_id,
        }


def _image(stage: Stage) -> ecs.ContainerImage:
    if stage.placeholder_image:
        return ecs.ContainerImage.from_registry(stage.placeholder_image)
    platform = (
        ecr_assets.Platform.LINUX_ARM64 if stage.architecture == "arm64" else ecr_assets.Platform.LINUX_AMD64
    )
    return ecs.ContainerImage.from_asset(
        str(ROOT),
        file="container/Dockerfile",
        exclude=IMAGE_CONTEXT,
        platform=platform,
    )
