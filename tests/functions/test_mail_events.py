"""Bounces and complaints that SES reports stop mails to the address."""

import hashlib
import json
from typing import Any

import pytest

from functions.mail_events.handler import handler
from llmready import bootstrap
from llmready.adapters.mail.sendgrid import SendgridMailer
from llmready.domain.mail import Suppression, SuppressionReason
from testkit.emulator import Place
from testkit.service import use
from tests.functions.test_mail import CONTEXT, deliver, failed_mail
from tests.mail.provider import running_sendgrid

ADDRESS = "Ada@Example.org"


def fingerprint(address: str) -> str:
    return bootstrap.services().fingerprints.of_address(address)


def bounce(kind: str = "Permanent", *addresses: str) -> dict[str, Any]:
    """Return an event as SES publishes it."""
    return {
        "eventType": "Bounce",
        "bounce": {
            "feedbackId": "0100018f-1",
            "bounceType": kind,
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550",
                }
                for address in addresses or (ADDRESS,)
            ],
            "timestamp": "2026-11-28T04:00:00.000Z",
            "reportingMTA": "dsn; a8-50.smtp-out.amazonses.com",
        },
        "mail": {
            "messageId": "0100018f-0",
            "destination": list(addresses or (ADDRESS,)),
            "tags": {"ses:configuration-set": ["c"]},
        },
    }


def complaint(feedback: str = "abuse") -> dict[str, Any]:
    return {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": f"Ada Lovelace <{ADDRESS}>"}],
            "timestamp": "2026-11-28T04:00:00.000Z",
            "feedbackId": "0100018f-2",
            "complaintFeedbackType": feedback,
        },
        "mail": {"messageId": "0100018f-0", "destination": [ADDRESS]},
    }


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        (bounce(), SuppressionReason.BOUNCED),
        (complaint(), SuppressionReason.COMPLAINED),
        (bounce("Transient"), None),
        (complaint("not-spam"), None),
    ],
    ids=("bounce", "complaint", "a full mailbox", "taken back"),
)
def test_permanent_bounces_and_complaints_suppress_an_address(
    place: Place, detail: dict[str, Any], reason: SuppressionReason | None
) -> None:
    for _ in range(2):  # events may come twice
        assert handler({"detail": detail}, CONTEXT) == {"suppressed": int(reason is not None)}
    found = place.suppressions.get(fingerprint("ada@example.org"))
    assert (found and found.reason) == reason
    stored = place.dynamodb.scan(TableName=place.name)["Items"]
    assert "example.org" not in json.dumps(stored).lower()


@pytest.mark.usefixtures("calls")
def test_suppressed_addresses_are_stored_under_a_key(place: Place) -> None:
    handler({"detail": bounce("Permanent", "ada@example.org")}, CONTEXT)
    stored = json.dumps(place.dynamodb.scan(TableName=place.name)["Items"]).lower()
    assert "suppression#" in stored
    for spelling in ("ada@example.org", "Ada@Example.org"):
        for algorithm in ("sha256", "sha1", "md5", "sha512", "blake2b"):
            digest = hashlib.new(algorithm, spelling.encode()).hexdigest()
            assert digest[:16] not in stored, algorithm


@pytest.mark.usefixtures("calls")
def test_the_first_reason_of_a_suppression_is_kept(place: Place) -> None:
    assert handler({"detail": bounce("Permanent", "a@example.org", "b@example.org")}, CONTEXT) == {
        "suppressed": 2
    }
    first = place.suppressions.get(fingerprint("a@example.org"))
    assert first is not None
    place.suppressions.put(
        fingerprint("a@example.org"),
        Suppression(reason=SuppressionReason.COMPLAINED, since=first.since),
    )
    assert place.suppressions.get(fingerprint("a@example.org")) == first
    place.suppressions.remove(fingerprint("a@example.org"))
    assert place.suppressions.get(fingerprint("a@example.org")) is None
    assert place.suppressions.get(fingerprint("b@example.org")) is not None


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("sent_to", "suppressed"),
    [
        (["stranger@example.net"], ["stranger@example.net"]),
        (["a@example.org", "b@example.org"], ["b@example.org"]),
    ],
    ids=("one recipient", "two recipients"),
)
def test_only_addresses_to_which_the_mail_was_sent_are_suppressed(
    place: Place, sent_to: list[str], suppressed: list[str]
) -> None:
    """A mail server reports that the mail could not be delivered to addresses of other people."""
    detail = bounce("Permanent", "victim@example.org", "B@example.org")
    detail["mail"]["destination"] = sent_to
    assert handler({"detail": detail}, CONTEXT) == {"suppressed": len(suppressed)}
    for address in {*sent_to, "victim@example.org"}:
        assert (place.suppressions.get(fingerprint(address)) is not None) == (address in suppressed), address


@pytest.mark.usefixtures("calls")
def test_an_event_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither a bounce nor a complaint"):
        handler({"detail": {"eventType": "Delivery", "delivery": {}}}, CONTEXT)


@pytest.mark.usefixtures("calls")
def test_suppressed_address_gets_no_mail(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_sendgrid() as provider:
        mailer = SendgridMailer("the-key", "no-reply@example.org", provider.url)
        use(monkeypatch, mailer=mailer)
        user, mail_id = failed_mail(place)
        handler({"detail": bounce("Permanent", user.email.upper())}, CONTEXT)
        body = {"user_id": user.id, "mail_id": mail_id}
        assert deliver("notifier", body) == {"batchItemFailures": []}
        assert provider.received == []
        # The mail is dropped and not postponed, so allowing mails again later sends no old mails.
        place.suppressions.remove(fingerprint(user.email))
        assert deliver("notifier", body) == {"batchItemFailures": []}
        assert provider.received == []
