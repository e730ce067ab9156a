"""The ECS cluster of the crawls, and the worker's task definitions without and with a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.checks import acknowledge, wildcard
from infra.constructs.functions import log_retention
from infra.paths import ROOT
from llmready.domain import prices
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import CfnElement
    from aws_cdk import aws_lambda as lambda_

    from infra.constructs.network import Network
    from infra.stage import Stage

CONTAINER = "worker"
# The maximum time between SIGTERM and SIGKILL on Fargate; the worker needs up to 60 s of it.
STOP_TIMEOUT = Duration.seconds(120)
# The only folder that the container can write to; the Dockerfile sets its owner.
WORK = "/work"
# The entry point needs SETUID, SETGID and KILL to switch to the worker's user and to run crawlers as other users.
# All other default capabilities are dropped.
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
    """Cluster and task definitions of the workers.

    Both task definitions have the same roles. One uses the small image. The other uses the image with a browser and
    more memory.

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
        # The construct's parameter for providers creates an association that the emulator does not support.
        cast("ecs.CfnCluster", self.cluster.node.default_child).capacity_providers = [
            "FARGATE",
            "FARGATE_SPOT",
        ]
        self.log_group = logs.LogGroup(
            self, "Log", retention=log_retention(stage), removal_policy=RemovalPolicy.DESTROY
        )
        tasks = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
        self.role = iam.Role(self, "Role", assumed_by=tasks)
        self.execution_role = iam.Role(self, "ExecutionRole", assumed_by=tasks)
        self.plain = self._task("Task", stage, environment, browser=False)
        self.browser = self._task("BrowserTask", stage, environment, browser=True)
        acknowledge(
            self,
            "ECS4",
            because="Container Insights cost more than the tasks, and the workers publish more detailed metrics",
        )
        acknowledge(
            self, "ECS2", because="the environment contains names of resources and numbers, but no secret"
        )
        acknowledge(
            self,
            "IAM5[Resource::*]",
            because="ecr:GetAuthorizationToken does not support resources in policies",
        )

    def _task(
        self, construct_id: str, stage: Stage, environment: Mapping[str, str], *, browser: bool
    ) -> ecs.FargateTaskDefinition:
        cpu = stage.browser_task_cpu if browser else stage.task_cpu
        memory = stage.browser_task_memory if browser else stage.task_memory
        task = ecs.FargateTaskDefinition(
            self,
            construct_id,
            cpu=cpu,
            memory_limit_mib=memory,
            task_role=self.role,
            execution_role=self.execution_role,
            runtime_platform=ecs.RuntimePlatform(
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
                cpu_architecture=(
                    ecs.CpuArchitecture.ARM64 if stage.architecture == "arm64" else ecs.CpuArchitecture.X86_64
                ),
            ),
            volumes=[ecs.Volume(name="work")],
        )
        linux = ecs.LinuxParameters(task, "Linux", init_process_enabled=True)
        linux.drop_capabilities(*DROPPED_CAPABILITIES)
        dollars = prices.task_hour(cpu=cpu, memory=memory, architecture=stage.architecture)
        container = task.add_container(
            CONTAINER,
            container_name=CONTAINER,
            image=_image(stage, "browser" if browser else "plain"),
            environment={
                "POWERTOOLS_SERVICE_NAME": CONTAINER,
                "POWERTOOLS_METRICS_NAMESPACE": "LLMReady",
                "POWERTOOLS_LOG_LEVEL": stage.log_level,
                **variables(
                    Settings(
                        stage=stage.name, browser=browser, task_dollars_per_hour=dollars, task_memory=memory
                    )
                ),
                **environment,
            },
            logging=ecs.LogDrivers.aws_logs(stream_prefix=CONTAINER, log_group=self.log_group),
            linux_parameters=linux,
            readonly_root_filesystem=True,
            # Without its own limit, a container sees the memory of the micro-VM, which is more than the task may use.
            memory_limit_mib=memory,
            stop_timeout=STOP_TIMEOUT,
        )
        container.add_mount_points(ecs.MountPoint(container_path=WORK, source_volume="work", read_only=False))
        return task

    def grant_launch(self, launcher: lambda_.Function) -> None:
        """Allow a function to run tasks of these definitions in this cluster, and to count them."""
        in_cluster = {"ArnEquals": {"ecs:cluster": self.cluster.cluster_arn}}
        # Every revision, because the function still uses the previous one during a deploy.
        families = [self._any_revision(task) for task in (self.plain, self.browser)]
        tasks = Stack.of(self).format_arn(
            service="ecs",
            resource="task",
            resource_name=f"{self.cluster.cluster_name}/*",
        )
        acknowledge(
            cast("iam.Role", launcher.role),
            *(wildcard("ecs", f"task-definition/{task.family}:*") for task in (self.plain, self.browser)),
            because="a deploy creates a new revision while the function still starts the previous one",
        )
        cluster = Stack.of(self).get_logical_id(cast("CfnElement", self.cluster.node.default_child))
        acknowledge(
            cast("iam.Role", launcher.role),
            wildcard("ecs", f"task/<{cluster}>/*"),
            because="the IDs of tasks are not known in advance",
        )
        for statement in (
            iam.PolicyStatement(actions=["ecs:RunTask"], resources=families, conditions=in_cluster),
            # RunTask with tags needs this permission; it is restricted to tagging by RunTask.
            iam.PolicyStatement(
                actions=["ecs:TagResource"],
                resources=[tasks],
                conditions={"StringEquals": {"ecs:CreateAction": "RunTask"}},
            ),
            iam.PolicyStatement(actions=["ecs:DescribeTasks"], resources=[tasks], conditions=in_cluster),
            # ListTasks supports only container instances as resources, and Fargate has none.
            iam.PolicyStatement(actions=["ecs:ListTasks"], resources=["*"], conditions=in_cluster),
        ):
            launcher.add_to_role_policy(statement)
        launcher.add_to_role_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn, self.execution_role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            )
        )

    def _any_revision(self, task: ecs.FargateTaskDefinition) -> str:
        """Return the ARN pattern of all revisions of a task definition."""
        return Stack.of(self).format_arn(
            service="ecs", resource="task-definition", resource_name=f"{task.family}:*"
        )

    def launch_settings(self) -> dict[str, str]:
        """Return the settings of a function that starts tasks."""
        return variables(
            Settings(
                cluster=self.cluster.cluster_arn,
                task_definition=self.plain.task_definition_arn,
                browser_task_definition=self.browser.task_definition_arn,
                task_container=CONTAINER,
                task_subnets=",".join(subnet.subnet_id for subnet in self.network.vpc.public_subnets),
                task_security_group=self.network.workers.security_group_id,
            )
        )


def _image(stage: Stage, target: str) -> ecs.ContainerImage:
    if stage.placeholder_image:
        return ecs.ContainerImage.from_registry(stage.placeholder_image)
    platform = (
        ecr_assets.Platform.LINUX_ARM64 if stage.architecture == "arm64" else ecr_assets.Platform.LINUX_AMD64
    )
    # .dockerignore excludes all other files from the build and from the image's hash.
    return ecs.ContainerImage.from_asset(
        str(ROOT), file="container/Dockerfile", target=target, platform=platform
    )
