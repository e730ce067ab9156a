"""The HTTP API: a route a resource, and a default route so that unknown paths are answered by us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from infra.stage import Stage

PUBLIC_PAGES = ("health", "plans", "openapi.json", "docs")
RESOURCES = ("websites", "generations")
# Far above what people do, far below what would hurt the account.
REQUESTS_PER_SECOND = 200
BURST = 400


class Api(Construct):
    """The HTTP API in front of the functions.

    Args:
        public: answers what needs no account, and everything unknown.
        auth: answers /auth.
        websites: answers /websites.
        generations: answers /generations.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        public: lambda_.IFunction,
        auth: lambda_.IFunction,
        websites: lambda_.IFunction,
        generations: lambda_.IFunction,
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
        self.stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=REQUESTS_PER_SECOND, burst_limit=BURST),
        )
        for page in PUBLIC_PAGES:
            self._route(f"/api/v1/{page}", public_integration, apigateway.HttpMethod.GET)
        self._route("/api/v1/auth/{proxy+}", HttpLambdaIntegration("Auth", auth))
        # {proxy+} takes the form with a trailing slash too; a route key itself may not end in one.
        for resource, function in zip(RESOURCES, (websites, generations), strict=True):
            integration = HttpLambdaIntegration(resource.title(), function)
            self._route(f"/api/v1/{resource}", integration)
            self._route(f"/api/v1/{resource}/{{proxy+}}", integration)

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
