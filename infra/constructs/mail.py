"""The identity that mails are sent as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.constructs.storage import grant_on

if TYPE_CHECKING:
    from infra.stage import Stage


class Mail(Construct):
    """An SES identity for the sender's domain or address, or a SendGrid key, or neither.

    The configuration set lets SES count bounces and complaints of these mails alone, and leaves out addresses
    that bounced or complained before.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.stage = stage
        self.identity: ses.EmailIdentity | None = None
        self.configuration_set: ses.ConfigurationSet | None = None
        self.api_key: secretsmanager.ISecret | None = None
        if stage.mail_provider == "ses":
            identity = (
                ses.Identity.domain(stage.mail_domain)
                if stage.mail_domain
                else ses.Identity.email(stage.mail_sender)
            )
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
            self.identity = ses.EmailIdentity(self, "Identity", identity=identity)
        if stage.mail_provider == "sendgrid":
            self.api_key = secretsmanager.Secret.from_secret_complete_arn(
                self, "SendGridKey", stage.sendgrid_secret
            )

    def settings(self) -> dict[str, str]:
        """What the function that sends mails needs to know."""
        settings = {
            "LLMREADY_MAIL_PROVIDER": self.stage.mail_provider,
            "LLMREADY_MAIL_SENDER": f"LLMReady <{self.stage.mail_sender}>" if self.stage.mail_sender else "",
        }
        if self.configuration_set:
            settings["LLMREADY_MAIL_CONFIGURATION_SET"] = self.configuration_set.configuration_set_name
        if self.api_key:
            settings["LLMREADY_SENDGRID_SECRET"] = self.api_key.secret_arn
        return settings

    def grant_send(self, grantee: iam.IGrantable) -> None:
        """Allow sending as this identity, or reading the key of the provider."""
        if self.identity and self.configuration_set:
            # Sending through a configuration set needs the right on both.
            configuration_set = Stack.of(self).format_arn(
                service="ses",
                resource="configuration-set",
                resource_name=self.configuration_set.configuration_set_name,
            )
            grant_on(grantee, [self.identity.email_identity_arn, configuration_set], "ses:SendEmail")
        if self.api_key:
            grant_on(grantee, [self.api_key.secret_arn], "secretsmanager:GetSecretValue")
