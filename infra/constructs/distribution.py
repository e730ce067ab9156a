"""The web app's files and the CloudFront distribution that serves them and the API from one origin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.checks import acknowledge
from infra.constructs.functions import log_retention
from infra.paths import ROOT
from infra.preflight.account import BOOTSTRAP_QUALIFIER, QUALIFIER
from infra.stage import StageError
from infra.web import API_PREFIXES, DIST, INDEX, SECURITY_HEADERS, cache_control
from llmready.http.distribution import SECRET_HEADER

if TYPE_CHECKING:
    from aws_cdk import CfnElement
    from aws_cdk import aws_apigatewayv2 as apigateway

    from infra.stage import Stage

FUNCTIONS = ROOT / "infra" / "distribution"
SECRET_KEY = "value"  # noqa: S105 - the name of a field
ASSETS = "assets"

_HSTS = re.compile(r"max-age=(\d+)(; includeSubDomains)?")


class OriginSecret(Construct):
    """The secret that the distribution adds to requests, by which the API recognises them.

    ``llmready admin rotate-origin-secret`` rotates it. A later deploy gives the distribution the newest value.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Sent by LLMReady's distribution to its API",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106 - the secret itself is generated
                generate_string_key=SECRET_KEY,
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.secret,
            "SMG4",
            because="`llmready admin rotate-origin-secret` rotates it; meanwhile, two values are accepted",
        )


class Distribution(Construct):
    """The bucket of the web app's files and the distribution in front of it and of the API.

    The distribution has no error pages, because they would replace the API's own answers.

    Args:
        api: the HTTP API.
        secret: secret that the distribution adds to requests to the API.

    Raises:
        StageError: The web app is not built.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        api: apigateway.HttpApi,
        secret: OriginSecret,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.bucket = self._bucket()
        files = cloudfront.BehaviorOptions(
            # Listing lets S3 answer 404 for a file that does not exist; without it, the answer would be 403.
            origin=origins.S3BucketOrigin.with_origin_access_control(
                self.bucket,
                origin_access_control=self._access(),
                origin_access_levels=[cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],
            ),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            # This policy compresses with Brotli and gzip, and caches answers as their Cache-Control says.
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=self._headers(),
            function_associations=[self._function("Screens", "screens.js")],
            compress=True,
        )
        calls = cloudfront.BehaviorOptions(
            origin=_api_origin(api, secret),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # API Gateway selects the API by the Host header, so the header must be the API's own host.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            function_associations=[self._function("Viewer", "viewer.js")],
            compress=False,
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"LLMReady {stage.name}",
            default_behavior=files,
            additional_behaviors={f"{prefix}*": calls for prefix in API_PREFIXES},
            default_root_object=INDEX,
            domain_names=[stage.web_domain] if stage.web_domain else None,
            certificate=(
                acm.Certificate.from_certificate_arn(self, "Certificate", stage.web_certificate)
                if stage.web_certificate
                else None
            ),
            web_acl_id=stage.web_acl_arn or None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        )
        self.url = f"https://{stage.web_domain or self.distribution.distribution_domain_name}"
        self._acknowledge()
        if stage.custom_resources:
            self._deploy()

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Files",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1))],
            # Every deploy writes all its content again.
            removal_policy=RemovalPolicy.DESTROY,
            auto_delete_objects=self._stage.custom_resources,
        )
        acknowledge(bucket, "S1", because="only the distribution reads it, and its files are public")
        return bucket

    def _access(self) -> cloudfront.S3OriginAccessControl:
        return cloudfront.S3OriginAccessControl(
            self,
            "Access",
            origin_access_control_name=self._name,
            signing=cloudfront.Signing.SIGV4_NO_OVERRIDE,
        )

    @property
    def _name(self) -> str:
        """Return a name that is unique in the account, because names in CloudFront are shared by all regions."""
        return f"LLMReady-{self._stage.name}-{Aws.REGION}"

    def _headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Create the policy for the headers in :data:`infra.web.SECURITY_HEADERS`."""
        others = dict(SECURITY_HEADERS)
        security = _security_headers(others)
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            response_headers_policy_name=self._name,
            security_headers_behavior=security,
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in others.items()
                ]
            ),
        )

    def _function(self, name: str, file: str) -> cloudfront.FunctionAssociation:
        function = cloudfront.Function(
            self,
            name,
            code=cloudfront.FunctionCode.from_file(file_path=str(FUNCTIONS / file)),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.FunctionAssociation(
            function=function, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
        )

    def _acknowledge(self) -> None:
        for rule, because in (
            ("CFR1", "the service is for every country"),
            ("CFR2", "`web_acl_arn` names a web ACL; whether one is needed is the operator's choice"),
            ("CFR3", "an access log would keep the addresses of all visitors"),
            ("CFR4", "without `web_domain` the distribution has CloudFront's own certificate"),
        ):
            acknowledge(self.distribution, rule, because=because)

    def _deploy(self) -> None:
        """Upload the output of `npm run build`: the assets first, because the page refers to them.

        Earlier assets are kept, because pages that were opened before the deploy may load them later.
        """
        if not (DIST / INDEX).is_file():
            raise StageError("The web app is not built. Run `make setup`.")
        log = logs.LogGroup(
            self, "Log", retention=log_retention(self._stage), removal_policy=RemovalPolicy.DESTROY
        )
        assets = self._upload(
            "Assets",
            log,
            deployment.Source.asset(str(DIST / ASSETS)),
            cache=cache_control(f"{ASSETS}/"),
            prefix=ASSETS,
        )
        page = self._upload(
            "Page", log, deployment.Source.asset(str(DIST), exclude=[ASSETS]), cache=cache_control(INDEX)
        )
        page.node.add_dependency(assets)
        self._acknowledge_uploads()

    def _acknowledge_uploads(self) -> None:
        stack = Stack.of(self)
        bucket = stack.get_logical_id(cast("CfnElement", self.bucket.node.default_child))
        assets = f"cdk-{self.node.try_get_context(BOOTSTRAP_QUALIFIER) or QUALIFIER}-assets"
        findings = (
            "L1",
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
            *(
                f"IAM5[Action::s3:{action}*]"
                for action in ("GetBucket", "GetObject", "List", "Abort", "DeleteObject")
            ),
            f"IAM5[Resource::arn:<AWS::Partition>:s3:::{assets}-<AWS::AccountId>-<AWS::Region>/*]",
            f"IAM5[Resource::<{bucket}.Arn>/*]",
        )
        for child in stack.node.children:
            if child.node.id.startswith("Custom::CDKBucketDeployment"):
                acknowledge(
                    child,
                    *findings,
                    because="the CDK's own function copies the files of this deploy into the bucket",
                )

    def _upload(
        self,
        name: str,
        log: logs.ILogGroup,
        source: deployment.ISource,
        *,
        cache: str,
        prefix: str | None = None,
    ) -> deployment.BucketDeployment:
        return deployment.BucketDeployment(
            self,
            name,
            sources=[source],
            destination_bucket=self.bucket,
            destination_key_prefix=prefix,
            cache_control=[deployment.CacheControl.from_string(cache)],
            prune=False,
            log_group=log,
            memory_limit=256,
        )


def _api_origin(api: apigateway.HttpApi, secret: OriginSecret) -> origins.HttpOrigin:
    return origins.HttpOrigin(
        f"{api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}",
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        # CloudFormation resolves it, so the template does not contain it.
        custom_headers={SECRET_HEADER: secret.secret.secret_value_from_json(SECRET_KEY).unsafe_unwrap()},
        # These are CloudFront's defaults, which the emulator does not return.
        http_port=80,
        https_port=443,
        read_timeout=Duration.seconds(30),
    )


def _security_headers(headers: dict[str, str]) -> cloudfront.ResponseSecurityHeadersBehavior:
    """Remove the headers for which CloudFront has settings from ``headers``, and return these settings."""
    hsts = _HSTS.fullmatch(headers.pop("Strict-Transport-Security"))
    if hsts is None:
        raise ValueError("infra.web has an unexpected Strict-Transport-Security header")
    if headers.pop("X-Content-Type-Options") != "nosniff":
        raise ValueError("infra.web has an unexpected X-Content-Type-Options header")
    return cloudfront.ResponseSecurityHeadersBehavior(
        content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy=headers.pop("Content-Security-Policy"), override=True
        ),
        strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
            access_control_max_age=Duration.seconds(int(hsts[1])),
            include_subdomains=bool(hsts[2]),
            override=True,
        ),
        content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
        frame_options=cloudfront.ResponseHeadersFrameOptions(
            frame_option=cloudfront.HeadersFrameOption[headers.pop("X-Frame-Options")], override=True
        ),
        referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
            referrer_policy=cloudfront.HeadersReferrerPolicy[
                headers.pop("Referrer-Policy").upper().replace("-", "_")
            ],
            override=True,
        ),
    )
