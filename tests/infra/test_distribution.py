"""The distribution of the template, its functions as CloudFront runs them, and the settings of the web app."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.stage import StageError
from infra.stage_files import load_stage
from infra.web import DIST, LINKS, SECURITY_HEADERS, cache_control
from tests.infra.template import Template, target

FUNCTIONS = Path(__file__).parent.parent.parent / "infra" / "distribution"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/abc"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/ours/0a1b2c"
# AWS's managed policies, by their documented ids.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def config(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template.only("AWS::CloudFront::Distribution")["Properties"]["DistributionConfig"]
    return found


def origin_of(template: Template, behaviour: dict[str, Any]) -> dict[str, Any]:
    (origin,) = [one for one in config(template)["Origins"] if one["Id"] == behaviour["TargetOriginId"]]
    return dict(origin)


def test_the_api_is_asked_under_its_own_prefixes_and_nothing_is_cached(prod: Template) -> None:
    behaviours = {entry["PathPattern"]: entry for entry in config(prod)["CacheBehaviors"]}
    assert set(behaviours) == {"/api/*", "/v1/*"}
    for behaviour in behaviours.values():
        assert behaviour["CachePolicyId"] == CACHING_DISABLED
        assert behaviour["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER
        assert behaviour["ViewerProtocolPolicy"] == "https-only"
        assert len(behaviour["AllowedMethods"]) == 7
        origin = origin_of(prod, behaviour)
        assert next(iter(prod.of("AWS::ApiGatewayV2::Api"))) in json.dumps(origin["DomainName"])
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
        assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_no_error_page_replaces_an_answer_of_the_api(prod: Template) -> None:
    assert "CustomErrorResponses" not in config(prod)


def test_the_secret_header_is_filled_in_at_the_deploy(prod: Template) -> None:
    origin = origin_of(prod, config(prod)["CacheBehaviors"][0])
    (header,) = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-llmready-origin"
    text = json.dumps(header["HeaderValue"])
    assert "{{resolve:secretsmanager:" in text
    secret = prod.output("OriginSecret")
    assert next(name for name, entry in prod.resources.items() if entry is secret) in text
    assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] >= 64


def test_each_function_of_the_api_can_read_the_secret(prod: Template) -> None:
    functions = {
        target(entry["Properties"]["IntegrationUri"])
        for entry in prod.of("AWS::ApiGatewayV2::Integration").values()
    }
    assert len(functions) >= 6
    for name in functions:
        variables = prod.resources[name]["Properties"]["Environment"]["Variables"]
        assert variables["LLMREADY_ORIGIN_SECRET"] == prod.body["Outputs"]["OriginSecret"]["Value"]


def test_files_are_cached_compressed_and_readable_only_by_the_distribution(prod: Template) -> None:
    behaviour = config(prod)["DefaultCacheBehavior"]
    assert behaviour["CachePolicyId"] == CACHING_OPTIMIZED  # which compresses by Brotli and gzip
    assert behaviour["Compress"] is True
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    origin = origin_of(prod, behaviour)
    assert target(origin["OriginAccessControlId"]) in prod.of("AWS::CloudFront::OriginAccessControl")
    bucket = target(origin["DomainName"])
    allowing = [
        statement
        for statement in prod.policy_statements("AWS::S3::BucketPolicy", bucket, "Bucket")
        if statement["Effect"] == "Allow" and statement["Principal"].get("Service")
    ]
    assert allowing
    distribution = next(iter(prod.of("AWS::CloudFront::Distribution")))
    for statement in allowing:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert distribution in json.dumps(statement["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_files_get_the_headers_of_the_web_app(prod: Template) -> None:
    policy = prod.only("AWS::CloudFront::ResponseHeadersPolicy")["Properties"]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    hsts = security["StrictTransportSecurity"]
    assert all(part["Override"] for part in security.values())
    frames = security["FrameOptions"]["FrameOption"]
    sent = {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Strict-Transport-Security": f"max-age={hsts['AccessControlMaxAgeSec']}"
        + ("; includeSubDomains" if hsts["IncludeSubdomains"] else ""),
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in security else "",
        "X-Frame-Options": frames,
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        **{item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]},
    }
    assert sent == SECURITY_HEADERS
    assert "frame-ancestors 'none'" in sent["Content-Security-Policy"]
    used = config(prod)["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]
    assert target(used) in prod.of("AWS::CloudFront::ResponseHeadersPolicy")


def test_assets_stay_a_year_and_the_page_is_checked_at_each_visit(prod: Template) -> None:
    assert (DIST / "index.html").is_file()
    uploads = prod.of("Custom::CDKBucketDeployment")
    by_cache = {
        entry["Properties"]["SystemMetadata"]["cache-control"]: name for name, entry in uploads.items()
    }
    assets, page = by_cache[cache_control("assets/x.js")], by_cache[cache_control("index.html")]
    assert uploads[assets]["Properties"]["DestinationBucketKeyPrefix"] == "assets"
    # The page refers to the assets, so they are uploaded first. Assets of earlier deploys stay for open pages.
    assert assets in uploads[page]["DependsOn"]
    assert all(entry["Properties"]["Prune"] is False for entry in uploads.values())


def test_mails_link_to_the_distribution(prod: Template, synthesise: Callable[..., Template]) -> None:
    def link(template: Template) -> str:
        variables = template.functions()["notifier"]["Properties"]["Environment"]["Variables"]
        return json.dumps(variables["LLMREADY_PUBLIC_URL"])

    assert next(iter(prod.of("AWS::CloudFront::Distribution"))) in link(prod)
    own = synthesise("prod", web_domain="app.example.com", web_certificate=CERTIFICATE)
    assert link(own) == '"https://app.example.com"'


def test_a_domain_its_certificate_and_a_web_acl_are_settings(synthesise: Callable[..., Template]) -> None:
    template = synthesise(
        "prod", web_domain="app.example.com", web_certificate=CERTIFICATE, web_acl_arn=WEB_ACL
    )
    chosen = config(template)
    assert chosen["Aliases"] == ["app.example.com"]
    assert chosen["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert chosen["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert chosen["WebACLId"] == WEB_ACL


def test_a_stage_without_web_has_only_the_api(synthesise: Callable[..., Template]) -> None:
    template = synthesise("prod", web="false")
    assert not [kind for kind in template.kinds() if "CloudFront" in kind or "BucketDeployment" in kind]
    assert len(template.of("AWS::SecretsManager::Secret")) == 1
    for function in template.functions().values():
        assert "LLMREADY_ORIGIN_SECRET" not in function["Properties"]["Environment"]["Variables"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"domain": "api.example.com", "certificate": CERTIFICATE},
            "domain is 'api.example.com', but with web",
        ),
        ({"web_domain": "app.example.com"}, "web_domain is 'app.example.com' and web_certificate is ''"),
        (
            {"web_domain": "https://a", "web_certificate": CERTIFICATE},
            "web_domain is 'https://a'; it must be a host",
        ),
        (
            {"web_domain": "a.example", "web_certificate": CERTIFICATE.replace("us-east-1", "eu-west-1")},
            "It must be the ARN of an ACM certificate in us-east-1",
        ),
        (
            {"web_acl_arn": WEB_ACL.replace("global", "regional")},
            "it must be the ARN of a WAF web ACL for CloudFront",
        ),
        ({"web": "false", "web_acl_arn": WEB_ACL}, "web_acl_arn is set, but web is false"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(StageError, match=message):
        load_stage("dev", settings)


# CloudFront's functions


def run(file: str, event: dict[str, Any]) -> dict[str, Any]:
    """Call a CloudFront Function as CloudFront does."""
    program = f"{(FUNCTIONS / file).read_text()}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, timeout=60, check=True)
    return dict(json.loads(done.stdout))


def viewer_request(uri: str, **headers: str) -> dict[str, Any]:
    return {
        "version": "1.0",
        "viewer": {"ip": "2001:db8::7"},
        "request": {
            "method": "GET",
            "uri": uri,
            "headers": {"host": {"value": "app.example.com"}}
            | {name.replace("_", "-"): {"value": value} for name, value in headers.items()},
        },
    }


def test_the_viewers_address_and_host_are_overwritten() -> None:
    event = viewer_request("/api/v1/health", x_llmready_viewer="8.8.8.8", x_llmready_host="evil.example")
    headers = run("viewer.js", event)["headers"]
    assert headers["x-llmready-viewer"] == {"value": "2001:db8::7"}
    assert headers["x-llmready-host"] == {"value": "app.example.com"}


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("/", "/index.html"),
        ("/websites", "/index.html"),
        ("/websites/0190/", "/index.html"),
        ("/v1.2/websites", "/index.html"),
        ("/assets/index-C6WJVi4E.js", "/assets/index-C6WJVi4E.js"),
        ("/icon.svg", "/icon.svg"),
        ("/favicon.ico", "/favicon.ico"),
    ],
)
def test_each_screen_gets_the_page_and_each_file_itself(uri: str, file: str) -> None:
    assert run("screens.js", viewer_request(uri, accept="text/html,*/*"))["uri"] == file


@pytest.mark.parametrize("accept", [{}, {"accept": "*/*"}, {"accept": "application/json"}])
def test_programs_get_links_at_the_root(accept: dict[str, str]) -> None:
    answer = run("screens.js", viewer_request("/", **accept))
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"]["value"] == "application/json"
    assert json.loads(answer["body"]["data"]) == LINKS
    assert run("screens.js", viewer_request("/icon.svg", **accept))["uri"] == "/icon.svg"
