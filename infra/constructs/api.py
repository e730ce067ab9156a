"""The HTTP API. It has one route for each resource. With its default route, a function answers unknown paths."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.constructs.checks import acknowledge
from infra.constructs.functions import log_retention

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from infra.stage import Stage

PUBLIC_PAGES = ("health", "plans", "openapi.json", "docs")
RESOURCES = ("keys", "websites", "generations", "webhooks")
# Each password hash takes 40 ms of CPU time, so these routes have a separate, lower limit.
SIGN_IN = "auth"
BURST_SECONDS = 2  # a burst may contain as many requests as are allowed in this many seconds


# The functions' log has the user under the same request ID; source addresses are not logged.
ACCESS_LOG = (
    "requestId",
    "requestTimeEpoch",
    "httpMethod",
    "path",
    "routeKey",
    "status",
    "responseLength",
    "responseLatency",
    "integrationStatus",
    "integrationErrorMessage",
)


class Api(Construct):
    """The HTTP API in front of the functions.

    Args:
        public: answers requests that need no account, and unknown paths.
        auth: answers /auth.
        keys: answers /keys.
        websites: answers /websites.
        generations: answers /generations.
        webhooks: answers /webhooks.
        firecrawl: answers /v1/llmstxt.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        public: lambda_.IFunction,
        auth: lambda_.IFunction,
        keys: lambda_.IFunction,
        websites: lambda_.IFunction,
        generations: lambda_.IFunction,
        webhooks: lambda_.IFunction,
        firecrawl: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        public_integration = HttpLambdaIntegration("Public", public)
        self.api = apigateway.HttpApi(
            self,
            "Http",
            description=f"LLMReady {stage.name}",
            default_integration=public_integration,
            create_default_stage=False,
            cors_preflight=_cors(stage) if stage.cors_origins else None,
        )
        log_group = logs.LogGroup(
            self, "AccessLog", retention=log_retention(stage), removal_policy=RemovalPolicy.DESTROY
        )
        self.stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=stage.requests_per_second, burst_limit=BURST_SECONDS * stage.requests_per_second
            ),
            domain_mapping=self._domain(stage),
        )
        self._log_access(log_group)
        for page in PUBLIC_PAGES:
            self._route(f"/api/v1/{page}", public_integration, apigateway.HttpMethod.GET)
        self._route("/api/v1/auth/{proxy+}", HttpLambdaIntegration("Auth", auth))
        # {proxy+} also matches a trailing slash; a route key itself cannot end with one.
        for resource, function in zip(RESOURCES, (keys, websites, generations, webhooks), strict=True):
            integration = HttpLambdaIntegration(resource.title(), function)
            self._route(f"/api/v1/{resource}", integration)
            self._route(f"/api/v1/{resource}/{{proxy+}}", integration)
        firecrawl_integration = HttpLambdaIntegration("Firecrawl", firecrawl)
        for path in ("/v1/llmstxt", "/v1/llmstxt/{proxy+}"):
            self._route(path, firecrawl_integration)

        self._throttle_sign_in(stage.sign_in_requests_per_second)
        acknowledge(
            self.api,
            "APIG4",
            because="the functions check the token themselves, so that every refusal is a problem document",
        )

    def _log_access(self, log_group: logs.LogGroup) -> None:
        stage = cast("apigateway.CfnStage", self.stage.node.default_child)
        stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn,
            format=json.dumps({name: f"$context.{name}" for name in ACCESS_LOG}),
        )

    def _domain(self, stage: Stage) -> apigateway.DomainMappingOptions | None:
        if not stage.domain:
            return None
        self.domain = apigateway.DomainName(
            self,
            "Domain",
            domain_name=stage.domain,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", stage.certificate),
        )
        return apigateway.DomainMappingOptions(domain_name=self.domain)

    def _throttle_sign_in(self, rate: int) -> None:
        stage = cast("apigateway.CfnStage", self.stage.node.default_child)
        settings: dict[str, dict[str, int]] = {}
        for route in self.api.node.find_all():
            if isinstance(route, apigateway.CfnRoute):
                resource = route.route_key.partition("/api/v1/")[2].partition("/")[0]
                if resource == SIGN_IN:
                    settings[route.route_key] = {
                        "ThrottlingRateLimit": rate,
                        "ThrottlingBurstLimit": BURST_SECONDS * rate,
                    }
                    stage.add_dependency(route)
        stage.route_settings = settings

    def _route(
        self,
        path: str,
        integration: HttpLambdaIntegration,
        method: apigateway.HttpMethod = apigateway.HttpMethod.ANY,
    ) -> None:
        self.api.add_routes(path=path, methods=[method], integration=integration)


def _cors(stage: Stage) -> apigateway.CorsPreflightOptions:
    return apigateway.CorsPreflightOptions(
        allow_origins=list(stage.cors_origins),
        allow_methods=[apigateway.CorsHttpMethod.ANY],
        allow_headers=["authorization", "content-type", "idempotency-key"],
        expose_headers=["location", "retry-after"],
        max_age=Duration.hours(1),
    )
