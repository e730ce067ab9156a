"""The SES identity that mails are sent from."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.constructs.checks import acknowledge, wildcard
from infra.constructs.storage import grant_on
from llmready.settings import Settings, variables

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from infra.stage import Stage


class Mail(Construct):
    """The permission to send from an SES identity (the sender's domain or address), or a SendGrid key, or neither.

    With the configuration set, SES counts bounces and complaints of these mails separately and reports them
    to EventBridge. It does not send to addresses that bounced or complained before.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.stage = stage
        self.identity: ses.IEmailIdentity | None = None
        self.configuration_set: ses.ConfigurationSet | None = None
        self.api_key: secretsmanager.ISecret | None = None
        if stage.mail_provider == "ses":
            self.configuration_set = ses.ConfigurationSet(
                self,
                "ConfigurationSet",
                reputation_metrics=True,
                suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
                tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
            )
            self.configuration_set.add_event_destination(
                "Bounces",
                destination=ses.EventDestination.cloud_watch_dimensions(
                    [
                        ses.CloudWatchDimension(
                            name="ses:configuration-set",
                            source=ses.CloudWatchDimensionSource.MESSAGE_TAG,
                            default_value="none",
                        )
                    ]
                ),
                events=[
                    ses.EmailSendingEvent.BOUNCE,
                    ses.EmailSendingEvent.COMPLAINT,
                    ses.EmailSendingEvent.REJECT,
                ],
            )
            # SES supports only the default bus of the account.
            self.configuration_set.add_event_destination(
                "Feedback",
                destination=ses.EventDestination.event_bus(
                    events.EventBus.from_event_bus_name(self, "DefaultBus", "default")
                ),
                events=[ses.EmailSendingEvent.BOUNCE, ses.EmailSendingEvent.COMPLAINT],
            )
            # It was verified before the deploy (`make sender`), and stages may share it.
            self.identity = ses.EmailIdentity.from_email_identity_name(self, "Identity", stage.mail_identity)
        if stage.mail_provider == "sendgrid":
            self.api_key = secretsmanager.Secret.from_secret_complete_arn(
                self, "SendGridKey", stage.sendgrid_secret
            )

    def tell(self, function: lambda_.IFunction, configuration_set: ses.IConfigurationSet) -> None:
        """Call a function for each bounce of, or complaint about, a mail of a configuration set."""
        name = configuration_set.configuration_set_name
        events.Rule(
            self,
            "Unwelcome",
            description="A mail bounced, or somebody complained about one",
            event_pattern=events.EventPattern(
                source=["aws.ses"],
                detail_type=["Email Bounced", "Email Complaint Received"],
                detail={"mail": {"tags": {"ses:configuration-set": [name]}}},
            ),
            targets=[targets.LambdaFunction(function, retry_attempts=10)],
        )

    def settings(self) -> dict[str, str]:
        """Return the settings of the function that sends emails."""
        sender = f"LLMReady <{self.stage.mail_sender}>" if self.stage.mail_sender else ""
        settings = variables(Settings(mail_provider=self.stage.mail_provider, mail_sender=sender))
        if self.identity:
            settings |= variables(Settings(mail_identity=self.stage.mail_identity))
        if self.configuration_set:
            name = self.configuration_set.configuration_set_name
            settings |= variables(Settings(mail_configuration_set=name))
        if self.api_key:
            settings |= variables(Settings(sendgrid_secret=self.api_key.secret_arn))
        return settings

    def grant_send(self, grantee: iam.IGrantable) -> None:
        """Allow sending from this identity, or reading the key of the provider."""
        if self.identity and self.configuration_set:
            # Sending through a configuration set requires the permission on both resources.
            configuration_set = Stack.of(self).format_arn(
                service="ses",
                resource="configuration-set",
                resource_name=self.configuration_set.configuration_set_name,
            )
            # In SES's sandbox, IAM also checks the recipient's identity, so a condition on the sender is used.
            identities = Stack.of(self).format_arn(service="ses", resource="identity", resource_name="*")
            acknowledge(
                cast("Construct", grantee.grant_principal),
                wildcard("ses", "identity/*"),
                because="the condition restricts the sender; SES's sandbox also checks identities of recipients",
            )
            grantee.grant_principal.add_to_principal_policy(
                iam.PolicyStatement(
                    actions=["ses:SendEmail"],
                    resources=[identities, configuration_set],
                    conditions={"StringEquals": {"ses:FromAddress": self.stage.mail_sender}},
                )
            )
        if self.api_key:
            grant_on(grantee, [self.api_key.secret_arn], "secretsmanager:GetSecretValue")
