"""Send mails with SendGrid."""

from http import HTTPStatus
from http.client import HTTPException

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Category, CustomArg, From, Header, Mail, MailSettings, SandBoxMode

from llmready.adapters.mail.addresses import name_and_address, with_ascii_domain
from llmready.domain.errors import TryAgain
from llmready.domain.mail import MailRefused, Message

_TIMEOUT = 5  # seconds
# Statuses that mean an error in the mail itself. Other errors, such as a wrong key or too many requests, are
# temporary.
_HOPELESS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


class SendgridMailer:
    """Implements :class:`llmready.ports.mail.Mailer` with SendGrid's v3 API.

    Args:
        api_key: SendGrid's key.
        sender: The sender address.
        host: Base URL of the API.
        sandbox: Whether SendGrid only validates mails without delivering them.
    """

    def __init__(
        self, api_key: str, sender: str, host: str = "https://api.sendgrid.com", *, sandbox: bool = False
    ) -> None:
        self._client = SendGridAPIClient(api_key, host=host)
        self._client.client.timeout = _TIMEOUT
        name, address = name_and_address(sender)
        self._sender = From(with_ascii_domain(address), name or None)
        self._sandbox = sandbox

    def send(self, message: Message, *, mail_id: str) -> None:
        """Give a mail to SendGrid."""
        mail = Mail(
            from_email=self._sender,
            to_emails=with_ascii_domain(message.to),
            subject=message.subject,
            plain_text_content=message.text,
            html_content=message.html,
        )
        mail.add_custom_arg(CustomArg("mail", mail_id))
        mail.add_category(Category(message.kind))
        for name, value in message.headers.items():
            mail.add_header(Header(name, value))
        if self._sandbox:
            mail.mail_settings = MailSettings(sandbox_mode=SandBoxMode(enable=True))
        try:
            self._client.send(mail)
        except HTTPError as error:
            if error.status_code in _HOPELESS:
                raise MailRefused("SendGrid refuses the mail") from error
            raise TryAgain("The mail provider did not accept the mail.") from error
        except (OSError, HTTPException) as error:
            raise TryAgain("The mail provider did not accept the mail.") from error
