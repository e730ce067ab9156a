"""The functions that handle events.

Each function of this module creates one of them: its settings, then its permissions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk.aws_lambda_event_sources import SqsEventSource

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
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

    from infra.constructs.workers import Workers
    from infra.resources import Resources

SEND = "sqs:SendMessage"
# Batches of a queue that are processed at once. A new account has 10 concurrent executions, and a burst of emails
# must leave most of them to the API. Lambda's minimum is two.
CONSUMERS = 2


def dispatcher_function(resources: Resources, *, workers: Workers) -> lambda_.Function:
    """Create the function that starts worker tasks."""
    stage = resources.stage
    function = resources.event_function(
        "dispatcher",
        {
            **resources.table,
            **resources.job_queues,
            **resources.mail_queue,
            **resources.webhook_queue,
            **workers.launch_settings(),
            **variables(
                Settings(
                    max_tasks=stage.max_tasks,
                    warm_tasks=stage.warm_tasks,
                    generation_timeout=stage.generation_timeout,
                    require_verified_email=stage.require_verified_email,
                )
            ),
        },
        timeout=Duration.seconds(60),
    )
    # Scheduled runs query the oldest websites of a user.
    resources.storage.grant_table(
        function, GET, GET_MANY, QUERY, PUT, UPDATE, DELETE, indexes=("due", "by_status")
    )
    grant_on(function, [*resources.job_queue_arns(), *resources.notifier_queue_arns()], SEND)
    workers.grant_launch(function)
    return function


def notifier_function(resources: Resources, *, api_url: str) -> lambda_.Function:
    """Create the function that sends emails and webhook deliveries.

    Args:
        resources: the resources of the stack.
        api_url: address of the API, the base of links in emails unless the stage sets another one.
    """
    stage = resources.stage
    public_url = (
        {}
        if stage.settings_from_host
        else variables(Settings(public_url=stage.public_url or api_url, web_app=stage.web))
    )
    function = resources.event_function(
        "notifier",
        {
            **resources.table,
            **resources.signing_secret,
            **resources.mail.settings(),
            **resources.mail_queue,
            **resources.webhook_queue,
            **public_url,
        },
        timeout=Duration.seconds(30),
    )
    if resources.layers.sendgrid:
        function.add_layers(resources.layers.sendgrid)
    resources.storage.grant_table(function, GET, QUERY, PUT, UPDATE, CHECK)
    # The link in an email contains a signed token for one download.
    resources.storage.grant_signing_secret(function)
    resources.mail.grant_send(function)
    grant_on(function, resources.notifier_queue_arns(), SEND)
    _consume(function, resources.queues.mail.queue, batch_size=5)
    # One delivery may take half of the function's timeout.
    _consume(function, resources.queues.webhooks.queue, batch_size=1)
    return function


def mail_events_function(resources: Resources) -> lambda_.Function:
    """Create the function that suppresses addresses after bounces and complaints."""
    function = resources.event_function(
        "mail_events", {**resources.table, **resources.signing_secret}, timeout=Duration.seconds(30)
    )
    resources.storage.grant_table(function, PUT)
    # The secret contains the key for fingerprints of addresses.
    resources.storage.grant_signing_secret(function)
    return function


def dead_letters_function(resources: Resources) -> lambda_.Function:
    """Create the function that marks generations as failed whose messages are in the dead-letter queue."""
    function = resources.event_function(
        "dead_letters",
        {**resources.table, **resources.job_queues, **resources.mail_queue, **resources.webhook_queue},
        timeout=Duration.seconds(30),
    )
    resources.storage.grant_table(function, GET, GET_MANY, QUERY, PUT, UPDATE, indexes=("by_status",))
    grant_on(function, [*resources.job_queue_arns(), *resources.notifier_queue_arns()], SEND)
    _consume(function, resources.queues.standard.dead_letters, batch_size=10)
    return function


def quota_reset_function(resources: Resources) -> lambda_.Function:
    """Create the function that closes the ledgers of past months."""
    function = resources.event_function("quota_reset", resources.table, timeout=Duration.minutes(15))
    resources.storage.grant_table(function, GET, PUT, UPDATE, indexes=("due",))
    return function


def cleanup_function(resources: Resources) -> lambda_.Function:
    """Create the function that deletes expired files and completes deletions."""
    function = resources.event_function(
        "cleanup", {**resources.table, **resources.bucket}, timeout=Duration.minutes(15)
    )
    resources.storage.grant_table(
        function, GET, GET_MANY, QUERY, PUT, UPDATE, DELETE, DELETE_MANY, indexes=("due", "by_website")
    )
    resources.storage.grant_deleting_users_files(function)
    return function


def scan_results_function(resources: Resources) -> lambda_.Function:
    """Create the function that withdraws files in which the malware scanner found malware."""
    function = resources.event_function(
        "scan_results", {**resources.table, **resources.bucket}, timeout=Duration.minutes(1)
    )
    resources.storage.grant_table(function, QUERY, UPDATE)
    resources.storage.grant_deleting_archives(function)
    return function


def _consume(function: lambda_.Function, queue: sqs.IQueue, *, batch_size: int) -> None:
    function.add_event_source(
        SqsEventSource(
            queue, batch_size=batch_size, report_batch_item_failures=True, max_concurrency=CONSUMERS
        )
    )
