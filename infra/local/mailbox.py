"""Write each mail that the emulated SES accepted to a file that mail programs can open."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

POLL_INTERVAL = 0.5


class Mailbox:
    """Writes mails into a folder, each once, also after restarts.

    Args:
        folder: Folder of the ``.eml`` files. A list of the written files is kept beside them.
        endpoint: the emulator's base URL.
        tls: TLS context that trusts the emulator.
    """

    def __init__(self, folder: Path, endpoint: str, *, tls: ssl.SSLContext | bool = True) -> None:
        self._folder = folder
        self._written = folder / ".written"
        self._url = f"{endpoint}/_ministack/ses/messages"
        self._tls = tls
        self._known: set[str] = set()

    async def run(self) -> None:
        """Look for new mails until cancelled."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._written.exists():
            self._known = set(self._written.read_text().split())
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=10), connector=aiohttp.TCPConnector(ssl=self._tls)
        ) as session:
            while True:
                await self._collect(session)
                await asyncio.sleep(POLL_INTERVAL)

    async def _collect(self, session: aiohttp.ClientSession) -> None:
        try:
            async with session.get(self._url) as response:
                accounts: dict[str, list[dict[str, Any]]] = (await response.json())["messages"]
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError):
            return  # the emulator is starting, stopping or busy; the mails are still there afterwards
        for sent in (mail for mails in accounts.values() for mail in mails):
            if sent["MessageId"] not in self._known:
                self._write(sent)

    def _write(self, sent: dict[str, Any]) -> None:
        identifier = re.sub(r"[^A-Za-z0-9-]", "", sent["MessageId"].partition("@")[0])
        when = datetime.fromtimestamp(sent["Timestamp"], tz=UTC)
        partial = self._folder / f".{identifier}.partial"
        partial.write_bytes(bytes(as_message(sent, when)))
        partial.rename(self._folder / f"{when:%Y%m%dT%H%M%SZ}-{identifier}.eml")
        with self._written.open("a") as written:
            written.write(f"{sent['MessageId']}\n")
        self._known.add(sent["MessageId"])


def as_message(sent: dict[str, Any], when: datetime) -> EmailMessage:
    """Build the mail (RFC 5322) from the emulator's record.

    Args:
        sent: one entry of the emulator's list.
        when: the time it was accepted.
    """
    message = EmailMessage()
    message["From"] = _one_line(sent["Source"])
    for header, addresses in (("To", sent.get("To")), ("Cc", sent.get("CC")), ("Bcc", sent.get("BCC"))):
        if addresses:
            message[header] = _one_line(", ".join(addresses))
    message["Subject"] = _one_line(sent.get("Subject"))
    message["Date"] = format_datetime(when)
    message["Message-ID"] = f"<{_one_line(sent['MessageId'])}>"
    message.set_content(sent.get("BodyText") or "")
    if sent.get("BodyHtml"):
        message.add_alternative(sent["BodyHtml"], subtype="html")
    return message


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
