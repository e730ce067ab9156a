"""The network of the crawls: outbound access to the web and to AWS, no inbound access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.checks import acknowledge
from infra.constructs.functions import log_retention

if TYPE_CHECKING:
    from infra.stage import Stage


class Network(Construct):
    """Public subnets in two zones.

    There is no NAT gateway, because it would cost more than all other resources together.

    Gateway endpoints, which are free, connect to the table and the bucket. All other AWS services are reached
    over port 443.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            restrict_default_security_group=stage.custom_resources,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=20,
                    map_public_ip_on_launch=False,  # each task requests its own address
                )
            ],
            gateway_endpoints={
                "Files": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "Table": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        # Crawls connect to ports 80 and 443, AWS's APIs use port 443, and the resolver of a VPC needs no rule.
        self.workers = ec2.SecurityGroup(
            self,
            "Workers",
            vpc=self.vpc,
            description="LLMReady workers: no ingress, egress to the web",
            allow_all_outbound=False,
        )
        self.workers.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(80), "Web")
        self.workers.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Web and AWS")
        if stage.flow_logs:
            self.vpc.add_flow_log(
                "Flows",
                destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                    logs.LogGroup(
                        self,
                        "FlowLog",
                        retention=log_retention(stage),
                        removal_policy=RemovalPolicy.DESTROY,
                    )
                ),
                # Refused connections can be an attack; accepted ones are only crawls.
                traffic_type=ec2.FlowLogTrafficType.REJECT,
            )
        else:
            acknowledge(self.vpc, "VPC7", because="flow logs are a setting of the stage, on in prod")
