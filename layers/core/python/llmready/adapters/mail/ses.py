"""Mail through Amazon SES."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from llmready.domain.errors import TryAgain
from llmready.domain.mail import Message

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SesMailer:
    """Implements :class:`llmready.ports.Mailer` with SES v2."""

    def __init__(self, client: "SESV2Client", sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, message: Message, *, mail_id: str) -> None:
        """Hand a mail to SES."""
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [message.to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": message.text, "Charset": "UTF-8"},
                            "Html": {"Data": message.html, "Charset": "UTF-8"},
                        },
                    }
                },
                EmailTags=[{"Name": "mail", "Value": mail_id}],
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("The mail provider did not take the mail.") from error
