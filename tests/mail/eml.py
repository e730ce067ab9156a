"""A mail in the format of RFC 5322, with the headers that a provider adds."""

from email.message import EmailMessage
from email.utils import format_datetime

from llmready.domain.clock import now
from llmready.domain.mail import Message


def as_eml(message: Message) -> bytes:
    """Return a mail as its receiver's server gets it."""
    mail = EmailMessage()
    mail["From"] = "LLMReady <no-reply@llmready.example.com>"
    mail["To"] = message.to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(now())
    mail["Message-ID"] = "<0100019a-0000-4000-8000-000000000000@llmready.example.com>"
    for name, value in message.headers.items():
        mail[name] = value
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return bytes(mail)
