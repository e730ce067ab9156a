"""Render mails from templates. Each kind of mail has a folder with its subject, text and HTML."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from llmready.adapters.mail.links import Links
from llmready.adapters.mail.quoting import as_quote, without_links
from llmready.adapters.mail.styling import as_size, with_inline_styles
from llmready.domain.generation import Generation
from llmready.domain.mail import PREFERENCES, MailKind, Message, OutboxMail
from llmready.domain.mail_tokens import LIFETIMES, PURPOSES
from llmready.domain.schedules import RUNS_PER_GENERATION
from llmready.domain.tokens import DOWNLOAD_LIFETIME, UNSUBSCRIBE_LIFETIME, Audience, Keys, issue
from llmready.domain.user import User
from llmready.ports.accounts import MailTokens
from llmready.ports.webhooks import Webhooks

_LONGEST_SUBJECT = 250  # characters
_LONGEST_NAME = 60  # characters

_environment = Environment(
    loader=PackageLoader("llmready.adapters.mail"),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "with_inline_styles": with_inline_styles,
    "as_size": as_size,
    "without_links": without_links,
    "as_quote": as_quote,
}


class MailRenderer:
    """Implements :data:`llmready.usecases.send_mail.Render`.

    Args:
        links: Builds the links of the stage.
        keys: Keys that sign the tokens in links.
        mail_tokens: Issues one-use tokens; an email that is rendered again contains a new one.
        webhooks: The webhook endpoints that the email about a new password counts.
        time: When the tokens become valid.
    """

    def __init__(
        self, links: Links, keys: Keys, mail_tokens: MailTokens, webhooks: Webhooks, time: datetime
    ) -> None:
        self._links = links
        self._keys = keys
        self._mail_tokens = mail_tokens
        self._webhooks = webhooks
        self._time = time

    def __call__(self, mail: OutboxMail, user: User, generation: Generation | None) -> Message:
        """Render an email."""
        ticket = self._unsubscribe_ticket(mail, user)
        values = {
            # Somebody who signs up with another person's address must not be able to send them text.
            "name": without_links(user.full_name, _LONGEST_NAME)
            if user.full_name and user.is_verified
            else None,
            "host": _host(generation, mail.webhook_url),
            "when": mail.created_at,
            "generation": generation,
            "plan": user.plan,
            "runs_per_month": RUNS_PER_GENERATION * user.plan.generations_per_month,
            "forgot_password_url": self._links.forgot_password,
            "unsubscribe_url": self._links.unsubscribe(ticket) if ticket else None,
            **(self._download(generation) if mail.kind is MailKind.GENERATION_COMPLETE else {}),
            **(self._programs(mail, user) if mail.kind is MailKind.PASSWORD_CHANGED else {}),
            **self._token(mail, user),
        }
        subject, text, html = (
            _environment.get_template(f"{mail.kind}/{part}").render(values)
            for part in ("subject.txt", "body.txt", "body.html")
        )
        return Message(
            kind=mail.kind,
            to=user.email,
            # A header must be one line, whatever the name contains.
            subject=" ".join(subject.split())[:_LONGEST_SUBJECT],
            text=text,
            html=html,
            unsubscribe_url=self._links.one_click_unsubscribe(ticket) if ticket else None,
        )

    def _token(self, mail: OutboxMail, user: User) -> dict[str, object]:
        purpose = PURPOSES.get(mail.kind)
        if purpose is None:
            return {}
        token = self._mail_tokens.issue(user.id, purpose, self._time)
        link = self._links.one_use(purpose, token)
        return {"token": token, "link": link, "good_for": _in_words(LIFETIMES[purpose])}

    def _programs(self, mail: OutboxMail, user: User) -> dict[str, object]:
        """Return how many API keys and active webhooks stay valid after the change of a password."""
        api_keys = user.key_count
        active_webhooks = sum(webhook.is_active for webhook in self._webhooks.of_user(user.id))
        numbers = [
            f"{number} {name}{'s' if number != 1 else ''}"
            for number, name in ((api_keys, "API key"), (active_webhooks, "active webhook"))
            if number
        ]
        verb = "was" if api_keys + active_webhooks == 1 else "were"
        return {
            "api_keys": api_keys,
            "api_keys_url": self._links.api_keys,
            "active_webhooks": active_webhooks,
            "webhooks_url": self._links.webhooks,
            "created_unconfirmed": f"{' and '.join(numbers)} that {verb}"
            if mail.confirmed_address and numbers
            else None,
        }

    def _unsubscribe_ticket(self, mail: OutboxMail, user: User) -> str | None:
        preference = PREFERENCES.get(mail.kind)
        if preference is None:
            return None
        return issue(
            self._keys,
            Audience.UNSUBSCRIBE,
            subject=user.id,
            time=self._time,
            lifetime=UNSUBSCRIBE_LIFETIME,
            scope=preference,
        )

    def _download(self, generation: Generation | None) -> dict[str, object]:
        if generation is None:
            return {}
        lifetime = DOWNLOAD_LIFETIME
        if generation.expires_at is not None:
            lifetime = max(timedelta(), min(DOWNLOAD_LIFETIME, generation.expires_at - self._time))
        ticket = issue(
            self._keys,
            Audience.DOWNLOAD,
            subject=generation.user_id,
            time=self._time,
            lifetime=lifetime,
            scope=generation.id,
        )
        return {
            "download_url": self._links.download(generation.id, ticket),
            "download_page_url": self._links.download_page(generation.id, ticket),
            "good_for": _in_words(lifetime),
        }


def _host(generation: Generation | None, webhook_url: str | None) -> str | None:
    """Return the host of the website or webhook that an email is about, which is the name used in the email."""
    url = generation.website_url if generation is not None else webhook_url
    return urlsplit(url).hostname if url is not None else None


def _in_words(lifetime: timedelta) -> str:
    hours = int(lifetime.total_seconds()) // 3600
    number, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{number} {unit}{'s' if number != 1 else ''}"
