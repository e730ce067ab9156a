"""The functions behind the HTTP API. Each function here creates one of them: its settings, then its permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.constructs.storage import (
    CHECK,
    DELETE,
    DELETE_MANY,
    GET,
    GET_MANY,
    PUT,
    QUERY,
    UPDATE,
    grant_on,
)
from infra.event_functions import SEND
from infra.stage import CAPTCHAS
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from infra.resources import Resources
    from infra.stage import Stage

INVOKE = "lambda:InvokeFunction"


def public_function(resources: Resources) -> lambda_.Function:
    """Create the function of the routes that need no account."""
    return resources.http_function("public", {})


def auth_function(resources: Resources) -> lambda_.Function:
    """Create the function of ``/auth``."""
    stage = resources.stage
    function = resources.http_function(
        "auth",
        {
            **resources.table,
            **resources.bucket,
            **resources.signing_secret,
            **resources.mail_queue,
            **resources.webhook_queue,
            **_captcha(stage),
            **_limits(
                stage,
                Settings(
                    registrations_per_minute=stage.registrations_per_minute,
                    logins_per_minute=stage.logins_per_minute,
                ),
            ),
        },
    )
    # Deleting an account deletes its items and files.
    resources.storage.grant_table(function, GET, QUERY, PUT, UPDATE, DELETE, DELETE_MANY, CHECK)
    resources.storage.grant_deleting_users_files(function)
    resources.storage.grant_signing_secret(function)
    if stage.captcha_secret:
        grant_on(function, [stage.captcha_secret], "secretsmanager:GetSecretValue")
    grant_on(function, resources.notifier_queue_arns(), SEND)
    return function


def keys_function(resources: Resources) -> lambda_.Function:
    """Create the function of ``/keys``."""
    function = resources.http_function("keys", {**resources.table, **resources.signing_secret})
    resources.storage.grant_table(function, GET, QUERY, PUT, UPDATE, DELETE)
    resources.storage.grant_signing_secret(function)
    return function


def webhooks_function(resources: Resources) -> lambda_.Function:
    """Create the function of ``/webhooks``."""
    function = resources.http_function(
        "webhooks", {**resources.table, **resources.signing_secret, **resources.webhook_queue}
    )
    resources.storage.grant_table(function, GET, QUERY, PUT, UPDATE, DELETE)
    resources.storage.grant_signing_secret(function)
    grant_on(function, [resources.queues.webhooks.queue.queue_arn], SEND)
    return function


def websites_function(resources: Resources, *, cleanup: lambda_.IFunction) -> lambda_.Function:
    """Create the function of ``/websites``."""
    function = resources.http_function(
        "websites",
        {
            **resources.table,
            **resources.bucket,
            **resources.signing_secret,
            **variables(Settings(cleanup_function=cleanup.function_name)),
        },
    )
    resources.storage.grant_table(
        function, GET, GET_MANY, QUERY, PUT, UPDATE, DELETE, indexes=("by_user", "by_website")
    )
    resources.storage.grant_signing_secret(function)
    resources.storage.grant_deleting_archives(function)
    # A preview of patterns reads the list of found pages.
    resources.storage.grant_archives(function, "s3:GetObject")
    # The purge of a deleted website may take longer than one request.
    grant_on(function, [cleanup.function_arn], INVOKE)
    return function


def generations_function(resources: Resources, *, dispatcher: lambda_.IFunction) -> lambda_.Function:
    """Create the function of ``/generations``."""
    function = resources.http_function(
        "generations", {**_start_settings(resources, dispatcher), **resources.webhook_queue}
    )
    resources.storage.grant_table(
        function,
        GET,
        GET_MANY,
        QUERY,
        PUT,
        UPDATE,
        DELETE,
        indexes=("by_user", "by_website", "by_status", "by_website_status"),
    )
    # A presigned URL has only the permissions of its signer. A large file is extracted from its archive first.
    resources.storage.grant_archives(function, "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")
    resources.storage.grant_deleting_archives(function)
    # Cancelling a generation sends webhook events.
    grant_on(function, [resources.queues.webhooks.queue.queue_arn], SEND)
    _grant_starts(resources, function, dispatcher)
    return function


def firecrawl_function(resources: Resources, *, dispatcher: lambda_.IFunction) -> lambda_.Function:
    """Create the function of ``/v1/llmstxt``."""
    function = resources.http_function("firecrawl", _start_settings(resources, dispatcher))
    resources.storage.grant_table(function, GET, GET_MANY, QUERY, PUT, UPDATE, indexes=("by_website_status",))
    resources.storage.grant_archives(function, "s3:GetObject")
    _grant_starts(resources, function, dispatcher)
    return function


def _start_settings(resources: Resources, dispatcher: lambda_.IFunction) -> dict[str, str]:
    """Return the settings of a function that starts generations and reads their files."""
    stage = resources.stage
    return {
        **resources.table,
        **resources.bucket,
        **resources.signing_secret,
        **resources.job_queues,
        **variables(Settings(require_verified_email=stage.require_verified_email)),
        **_limits(stage, Settings(starts_per_minute=stage.starts_per_minute)),
        **_malware_scan(stage),
        **variables(Settings(dispatcher_function=dispatcher.function_name)),
    }


def _grant_starts(resources: Resources, function: lambda_.Function, dispatcher: lambda_.IFunction) -> None:
    resources.storage.grant_signing_secret(function)
    if resources.stage.malware_scan:
        resources.storage.grant_archives(function, "s3:GetObjectTagging")
    grant_on(function, resources.job_queue_arns(), SEND)
    grant_on(function, [dispatcher.function_arn], INVOKE)


def _captcha(stage: Stage) -> dict[str, str]:
    if stage.captcha == "none":
        return {}
    return variables(Settings(captcha_url=CAPTCHAS[stage.captcha], captcha_secret=stage.captcha_secret))


def _limits(stage: Stage, limits: Settings) -> dict[str, str]:
    # On the local stage, the environment of the system sets them without a deploy.
    return {} if stage.settings_from_host else variables(limits)


def _malware_scan(stage: Stage) -> dict[str, str]:
    if stage.settings_from_host or not stage.malware_scan:
        return {}
    return variables(Settings(malware_scan=True))
