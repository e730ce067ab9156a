"""Mail through Amazon SES."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from llmready.adapters.mail.addresses import encoded_address
from llmready.domain.errors import TryAgain
from llmready.domain.mail import MailRefused, Message

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# Refusals that another try does not change: the mail is malformed, SES's sandbox does not know the recipient, or IAM
# denies it. What an operator can lift for all mails at once (a paused account, an unverified domain) is tried again.
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
        client: A boto3 client; one that does not retry, or a mail may be sent twice.
        sender: The address that mails come from.
        configuration_set: Where SES reports what becomes of mails; None for nowhere.
    """

    def __init__(self, client: "SESV2Client", sender: str, configuration_set: str | None = None) -> None:
        self._client = client
        self._sender = encoded_address(sender)
        self._options: Any = {"ConfigurationSetName": configuration_set} if configuration_set else {}

    def send(self, message: Message, *, mail_id: str) -> None:
        """Hand a mail to SES."""
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
    """Tell whether SES sends mails from an address or a domain.

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
