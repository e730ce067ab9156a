"""The keys of the table, all in one place.

Everything of a user lies in the user's partition; UUIDv7 ids make a sort key also the order of time.
"""

import hashlib
from typing import NamedTuple

API_KEY = "KEY#"
FAMILY = "FAMILY#"
MAIL = "MAIL#"
WEBHOOK = "WEBHOOK#"
DELIVERY = "DELIVERY#"
MAIL_TOKEN = "TOKEN#"  # noqa: S105 - a prefix
QUOTA = "QUOTA#"
SITE = "SITE#"
LISTED_ACTIVE = "LISTED#ACTIVE#"
LISTED_INACTIVE = "LISTED#INACTIVE#"
GENERATION = "GEN#"
DUE_INDEX = "due"
BY_USER_INDEX = "by_user"
BY_WEBSITE_INDEX = "by_website"
BY_STATUS_INDEX = "by_status"
BY_WEBSITE_STATUS_INDEX = "by_website_status"

# What the sparse index ``due`` holds: work that some scheduled function has to find.
DUE_ACTIVE = "active"
DUE_EXPIRY = "expiry"
DUE_MAIL = "mail"
DUE_DELIVERY = "delivery"
DUE_DELETION = "deletion"
DUE_PURGE = "purge"
DUE_SCHEDULE = "schedule"


class Key(NamedTuple):
    """Primary key of an item."""

    pk: str
    sk: str


CONTROLS = Key("CONTROLS", "CONTROLS")


def partition(user_id: str) -> str:
    """Return the partition of a user."""
    return f"USER#{user_id}"


def profile(user_id: str) -> Key:
    """Key of an account."""
    return Key(partition(user_id), "PROFILE")


def email(fingerprint: str) -> Key:
    """Key that makes an address, given by its fingerprint, unique."""
    return Key(f"EMAIL#{fingerprint}", "EMAIL")


def api_key(user_id: str, key_id: str) -> Key:
    """Key of an API key in the list of its user."""
    return Key(partition(user_id), API_KEY + key_id)


def api_key_by_digest(digest: str) -> Key:
    """Key of an API key, given by its SHA-256 in hexadecimal, as a request looks it up."""
    return Key(f"KEY#{digest}", "KEY")


def family(user_id: str, family_id: str) -> Key:
    """Key of a refresh token family."""
    return Key(partition(user_id), FAMILY + family_id)


def mail_token(user_id: str, purpose: str, digest: str) -> Key:
    """Key of a one-use token that a mail carried."""
    return Key(partition(user_id), f"{MAIL_TOKEN}{purpose}#{digest}")


def audit(user_id: str, record_id: str) -> Key:
    """Key of a record of what was done to an account; outside its partition, because it outlives it."""
    return Key(f"AUDIT#{user_id}", record_id)


def website(user_id: str, website_id: str) -> Key:
    """Key of a website."""
    return Key(partition(user_id), SITE + website_id)


def listed_website(user_id: str, website_id: str, *, is_active: bool) -> Key:
    """Key of the entry that lists a website; entries are small, whatever the website holds."""
    return Key(partition(user_id), (LISTED_ACTIVE if is_active else LISTED_INACTIVE) + website_id)


def website_url(user_id: str, canonical: str) -> Key:
    """Key that makes a canonical URL unique for a user."""
    return Key(partition(user_id), f"URL#{hashlib.sha256(canonical.encode()).hexdigest()}")


def generation(user_id: str, generation_id: str) -> Key:
    """Key of a generation."""
    return Key(partition(user_id), GENERATION + generation_id)


def shared_archive(user_id: str, archive_key: str) -> Key:
    """Key of the count of generations that refer to an archive, given by its S3 key."""
    return Key(partition(user_id), f"ARCHIVE#{archive_key.rpartition(user_id)[2].lstrip('/')}")


def purge(user_id: str, website_id: str) -> Key:
    """Key of what is left of a deleted website."""
    return Key(partition(user_id), f"PURGE#{website_id}")


def start_record(user_id: str, digest: str) -> Key:
    """Key of what a start under an idempotency key was answered with."""
    return Key(partition(user_id), f"START#{digest}")


def text_request(user_id: str, generation_id: str) -> Key:
    """Key of which texts of a generation a client of the Firecrawl-compatible endpoint asked for."""
    return Key(partition(user_id), f"TEXT#{generation_id}")


def quota(user_id: str, month: str, ledger: str | None = None) -> Key:
    """Key of the ledger of a month: of an address, given by its fingerprint, or of a user who has no such ledger."""
    return Key(f"LEDGER#{ledger}" if ledger is not None else partition(user_id), QUOTA + month)


def failed_crawls(user_id: str) -> Key:
    """Key of the crawl time of a user's failed and cancelled generations, one attribute a day."""
    return Key(partition(user_id), "FAILEDCRAWLS")


def mail(user_id: str, mail_id: str) -> Key:
    """Key of a mail in the outbox."""
    return Key(partition(user_id), MAIL + mail_id)


def webhook(user_id: str, webhook_id: str) -> Key:
    """Key of a webhook endpoint."""
    return Key(partition(user_id), WEBHOOK + webhook_id)


def webhook_lease(user_id: str) -> Key:
    """Key of the lease for the requests to the endpoints of a user."""
    return Key(partition(user_id), "HOOKLEASE")


def delivery(user_id: str, webhook_id: str, delivery_id: str) -> Key:
    """Key of a delivery to a webhook endpoint; those of one endpoint lie together, by time."""
    return Key(partition(user_id), f"{DELIVERY}{webhook_id}#{delivery_id}")


def limit(name: str, subject: str) -> Key:
    """Key of a limit's bucket; who it limits, such as a source address, is not stored in plain."""
    return Key(f"LIMIT#{name}#{hashlib.sha256(subject.encode()).hexdigest()[:32]}", "LIMIT")


def lockout(address: str, network: str | None = None) -> Key:
    """Key of the failed logins of an address from a source network, both as fingerprints; None for all networks."""
    return Key(f"LOCKOUT#{address}", f"NETWORK#{network}" if network is not None else "ALL")


def suppression(fingerprint: str) -> Key:
    """Key of the note that an address gets no more mail; outside any partition, because it outlives accounts."""
    return Key(f"SUPPRESSION#{fingerprint}", "SUPPRESSION")


TASK_STARTS = Key("TASKS", "STARTS")
"""Key of the tasks that were started lately."""


def start_failures(kind: str) -> Key:
    """Key of the failures in a row of a kind of task."""
    return Key("TASKS", f"FAILURES#{kind}")


def host_lease(host: str) -> Key:
    """Key of the lease on a host that is crawled; the host is not stored in plain."""
    return Key(f"HOST#{hashlib.sha256(host.encode()).hexdigest()[:32]}", "HOST")


def mutex(name: str) -> Key:
    """Key of a lease that one process holds."""
    return Key(f"MUTEX#{name}", "MUTEX")


def due_quota(month: str) -> str:
    """Value of ``due_kind`` for the open ledgers of a month."""
    return f"quota#{month}"
