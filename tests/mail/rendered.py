"""Every mail of the service, rendered as it is sent."""

from datetime import timedelta
from typing import Any

from llmready.adapters.mail.links import Links
from llmready.adapters.mail.rendering import MailRenderer
from llmready.adapters.secrets import SigningKeys
from llmready.domain.archive import Archive
from llmready.domain.change_summary import ChangeSummary
from llmready.domain.clock import now
from llmready.domain.generation import Failure, Generation, Progress
from llmready.domain.mail import PREFERENCES, MailKind, Message, OutboxMail
from llmready.domain.user import User
from llmready.domain.webhooks import Webhook
from testkit.people import LEASE, new_generation, new_user, new_website

KEYS = SigningKeys(kid="k1", secret="s" * 64)
PUBLIC_URL = "https://api.llmready.example.com"
ARCHIVE = Archive(
    key="generations/u/g/1.zip", file_size=3_456_789, total_files=131, sha256="0" * 64, content_bytes=99
)
TOKEN = "dG9rZW4tb2YtYS1tYWlsLXRoYXQtaXMtbG9uZy1lbm91Z2gtdG8tYnJlYWs"

KINDS = sorted(MailKind)
ABOUT_A_GENERATION = {MailKind.GENERATION_COMPLETE, MailKind.GENERATION_FAILED, MailKind.SCHEDULE_STOPPED}
TRANSACTIONAL = [kind for kind in KINDS if kind not in PREFERENCES]


class Tokens:
    """Issues the same token for every purpose."""

    def issue(self, *_: Any) -> str:
        return TOKEN


class Webhooks:
    """Contains no webhook of any user."""

    def of_user(self, _: str) -> list[Webhook]:
        return []


def render(
    kind: MailKind, *, user: User | None = None, summary: ChangeSummary | None = None, **website: Any
) -> Message:
    """Return a mail as a provider gets it.

    Args:
        kind: Which mail.
        user: Its receiver.
        summary: What a scheduled run found changed.
        website: Fields of the website that it is about.
    """
    user = user or new_user("standard", full_name="Ada Lovelace", email="ada@example.com", is_verified=True)
    fields = {"url": "https://docs.example.com/handbook", "name": "The handbook", **website}
    generation = _ended(kind, user, fields, summary) if kind in ABOUT_A_GENERATION else None
    mail = OutboxMail(
        id="m1",
        user_id=user.id,
        kind=kind,
        generation_id=generation.id if generation else None,
        webhook_url="https://hooks.example.com/x" if kind is MailKind.WEBHOOK_DISABLED else None,
        created_at=now(),
        due_at=now(),
    )
    links = Links(PUBLIC_URL, web_app=False)
    renderer = MailRenderer(links, KEYS, Tokens(), Webhooks(), now())  # type: ignore[arg-type]
    return renderer(mail, user, generation)


def _ended(kind: MailKind, user: User, fields: dict[str, Any], summary: ChangeSummary | None) -> Generation:
    error = fields.pop("error", "The site's robots.txt does not allow us to read any of its pages.")
    pending = new_generation(user, new_website(user, **fields))
    running = pending.claimed(time=now(), lease=LEASE)
    progress = Progress(pages_crawled=128, total_pages=131, pages_failed=3)
    if kind is MailKind.GENERATION_COMPLETE:
        return running.completed(
            time=now() + timedelta(seconds=40),
            archive=ARCHIVE.model_copy(update={"summary": summary}),
            progress=progress,
        )
    return running.failed(time=now(), failure=Failure(code="robots_disallowed", message=error))
