"""Mails from templates: a folder a mail, with its subject, text and HTML."""

from datetime import datetime, timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from llmready.domain.generation import Generation
from llmready.domain.mail import MailKind, Message, OutboxMail
from llmready.domain.tokens import Audience, Keys, issue
from llmready.domain.user import User

_TICKET = timedelta(days=7)

_environment = Environment(
    loader=PackageLoader("llmready.adapters.mail"),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class MailRenderer:
    """Implements :data:`llmready.usecases.send_mail.Render`.

    Args:
        public_url: Base of the links.
        keys: What signs the ticket in the link to a download.
        time: From when the ticket is good.
    """

    def __init__(self, public_url: str, keys: Keys, time: datetime) -> None:
        self._public_url = public_url
        self._keys = keys
        self._time = time

    def __call__(self, mail: OutboxMail, user: User, generation: Generation | None) -> Message:
        """Return a mail as it is sent."""
        values = {
            "name": user.full_name,
            "generation": generation,
            "base_url": self._public_url,
            "download_url": self._download_url(generation)
            if generation is not None and mail.kind is MailKind.GENERATION_COMPLETE
            else None,
        }
        subject, text, html = (
            _environment.get_template(f"{mail.kind}/{part}").render(values)
            for part in ("subject.txt", "body.txt", "body.html")
        )
        return Message(to=user.email, subject=" ".join(subject.split()), text=text, html=html)

    def _download_url(self, generation: Generation) -> str:
        lifetime = _TICKET
        if generation.expires_at is not None:
            lifetime = max(timedelta(), min(_TICKET, generation.expires_at - self._time))
        ticket = issue(
            self._keys,
            Audience.DOWNLOAD,
            subject=generation.user_id,
            time=self._time,
            lifetime=lifetime,
            scope=generation.id,
        )
        return f"{self._public_url}/api/v1/generations/{generation.id}/download?token={ticket}"
