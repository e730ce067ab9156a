"""Send mails with Amazon SES."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from llmready.adapters.mail.addresses import encoded_address
from llmready.domain.errors import TryAgain
from llmready.domain.mail import MailRefused, Message

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# Permanent refusals: the mail is malformed, the recipient is not verified in SES's sandbox, or IAM denies it. Causes
# that an operator can remove for all mails at once (a paused account, an unverified domain) are retried.
_PERMANENT = frozenset(
    {
        "BadRequestException",
        "ParamValidationError",
        "MessageRejected",
        "AccessDenied",
        "AccessDeniedException",
    }
)


class SesMailer:
    """Implements :class:`llmready.ports.mail.Mailer` with SES v2.

    Args:
        client: A boto3 client without retries, because a retry could send a mail twice.
        sender: The sender address.
        configuration_set: SES configuration set that reports bounces and complaints; None for no reports.
    """

    def __init__(self, client: "SESV2Client", sender: str, configuration_set: str | None = None) -> None:
        self._client = client
        self._sender = encoded_address(sender)
        self._options: Any = {"ConfigurationSetName": configuration_set} if configuration_set else {}

    def send(self, message: Message, *, mail_id: str) -> None:
        """Give a mail to SES."""
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [encoded_address(message.to)]},
                Content={
                    "Simple": {
                        "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": message.text, "Charset": "UTF-8"},
                            "Html": {"Data": message.html, "Charset": "UTF-8"},
                        },
                        "Headers": [
                            {"Name": name, "Value": value} for name, value in message.headers.items()
                        ],
                    }
                },
                EmailTags=[{"Name": "mail", "Value": mail_id}, {"Name": "kind", "Value": message.kind}],
                **self._options,
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in _PERMANENT:
                raise MailRefused("SES refuses the mail") from error
            raise TryAgain("The mail provider did not accept the mail.") from error


def is_verified(client: "SESV2Client", identity: str) -> bool:
    """Return whether SES has verified an address or a domain as a sender.

    Args:
        client: A boto3 client.
        identity: The address, or the domain.
    """
    try:
        return bool(client.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus"))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return False
        raise
