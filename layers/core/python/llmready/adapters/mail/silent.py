"""No mail at all: what would have been sent is logged, everything else works."""

from llmready.domain.mail import Message
from llmready.observability import logger


class SilentMailer:
    """Implements :class:`llmready.ports.mail.Mailer` by the log."""

    def send(self, message: Message, *, mail_id: str) -> None:
        """Log an email without its address."""
        logger.info(
            "mail not sent, the provider is none",
            mail_id=mail_id,
            subject=message.subject,
        )
