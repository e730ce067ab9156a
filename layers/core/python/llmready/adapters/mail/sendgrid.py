"""Mail through SendGrid."""

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import CustomArg, Mail

from llmready.domain.errors import TryAgain
from llmready.domain.mail import Message

_TIMEOUT = 10  # seconds


class SendgridMailer:
    """Implements :class:`llmready.ports.Mailer` with SendGrid's v3 API.

    Args:
        api_key: SendGrid's key.
        sender: The address that mails come from.
        host: Base URL of the API.
    """

    def __init__(self, api_key: str, sender: str, host: str = "https://api.sendgrid.com") -> None:
        self._client = SendGridAPIClient(api_key, host=host)
        self._client.client.timeout = _TIMEOUT
        self._sender = sender

    def send(self, message: Message, *, mail_id: str) -> None:
        """Hand a mail to SendGrid."""
        mail = Mail(
            from_email=self._sender,
            to_emails=message.to,
            subject=message.subject,
            plain_text_content=message.text,
            html_content=message.html,
        )
        mail.add_custom_arg(CustomArg("mail", mail_id))
        try:
            self._client.send(mail)
        except (HTTPError, OSError) as error:
            raise TryAgain("The mail provider did not take the mail.") from error
