"""Log mails instead of sending them."""

from llmready.domain.mail import Message
from llmready.observability import logger


class SilentMailer:
    """Implements :class:`llmready.ports.mail.Mailer` with the log."""

    def send(self, message: Message, *, mail_id: str) -> None:
        """Log an email without its address."""
        logger.info(
            "mail logged instead of sent, because mail_provider is none",
            mail_id=mail_id,
            subject=message.subject,
        )
