"""The keys of all items in the table.

All items of a user are in the user's partition. Sort keys with UUIDv7 IDs sort by time.
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

# Kinds of work in the sparse index ``due``, which scheduled functions read.
# Earlier versions stored this kind for all generations that have not ended.
DUE_PAID = "active"
DUE_PAID_BROWSER = "active_browser"
DUE_FREE = "active_free"
DUE_WAITING = "waiting"
DUE_RUNNING = "running"
DUE_EXPIRY = "expiry"
DUE_MAIL = "mail"
DUE_DELIVERY = "delivery"
DUE_HELD = "held"  # deliveries of suspended accounts, which no function reads
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
    """Key of the item that makes an email address (given by its fingerprint) unique."""
    return Key(f"EMAIL#{fingerprint}", "EMAIL")


def api_key(user_id: str, key_id: str) -> Key:
    """Key of an API key in the list of its user."""
    return Key(partition(user_id), API_KEY + key_id)


def api_key_by_digest(digest: str) -> Key:
    """Key of the item by which a request finds an API key, from its SHA-256 in hexadecimal."""
    return Key(f"KEY#{digest}", "KEY")


def family(user_id: str, family_id: str) -> Key:
    """Key of a refresh token family."""
    return Key(partition(user_id), FAMILY + family_id)


def mail_token(user_id: str, purpose: str, digest: str) -> Key:
    """Key of a one-use token that was sent in a mail."""
    return Key(partition(user_id), f"{MAIL_TOKEN}{purpose}#{digest}")


def audit(user_id: str, record_id: str) -> Key:
    """Key of an audit record.

    It is outside of the account's partition, because it is kept after the account is deleted.
    """
    return Key(f"AUDIT#{user_id}", record_id)


def website(user_id: str, website_id: str) -> Key:
    """Key of a website."""
    return Key(partition(user_id), SITE + website_id)


def listed_website(user_id: str, website_id: str, *, is_active: bool) -> Key:
    """Key of the list entry of a website. Entries are always small."""
    return Key(partition(user_id), (LISTED_ACTIVE if is_active else LISTED_INACTIVE) + website_id)


def website_url(user_id: str, canonical: str) -> Key:
    """Key that makes a canonical URL unique for a user."""
    return Key(partition(user_id), f"URL#{hashlib.sha256(canonical.encode()).hexdigest()}")


def generation(user_id: str, generation_id: str) -> Key:
    """Key of a generation."""
    return Key(partition(user_id), GENERATION + generation_id)


def shared_archive(user_id: str, archive_key: str) -> Key:
    """Key of the item that counts the references to an archive. ``archive_key`` is the S3 key of the archive."""
    return Key(partition(user_id), f"ARCHIVE#{archive_key.rpartition(user_id)[2].lstrip('/')}")


def purge(user_id: str, website_id: str) -> Key:
    """Key of the purge of a deleted website."""
    return Key(partition(user_id), f"PURGE#{website_id}")


def start_record(user_id: str, digest: str) -> Key:
    """Key of the stored answer to a start with an idempotency key."""
    return Key(partition(user_id), f"START#{digest}")


def text_request(user_id: str, generation_id: str) -> Key:
    """Key of the item that records which texts a Firecrawl client requested for a generation."""
    return Key(partition(user_id), f"TEXT#{generation_id}")


def quota(user_id: str, month: str, ledger: str | None = None) -> Key:
    """Key of a monthly ledger, of an address (given by its fingerprint) or of a user without such a ledger."""
    return Key(f"LEDGER#{ledger}" if ledger is not None else partition(user_id), QUOTA + month)


def failed_crawls(user_id: str, ledger: str | None = None) -> Key:
    """Key of the crawl time and number of failed and cancelled generations, with attributes per day.

    They belong to an address (given by its fingerprint), or to a user without a ledger. The partition of an address
    is not the one of its quota, because earlier versions expect only monthly ledgers there.
    """
    return Key(f"FAILED#{ledger}" if ledger is not None else partition(user_id), "FAILEDCRAWLS")


def mail(user_id: str, mail_id: str) -> Key:
    """Key of a mail in the outbox."""
    return Key(partition(user_id), MAIL + mail_id)


def webhook(user_id: str, webhook_id: str) -> Key:
    """Key of a webhook endpoint."""
    return Key(partition(user_id), WEBHOOK + webhook_id)


def webhook_lease(user_id: str) -> Key:
    """Key of the lease for the requests to the endpoints of a user."""
    return Key(partition(user_id), "HOOKLEASE")


FREE_WEBHOOKS = Key("WEBHOOKS", "FREE")
"""Key of the lease for the requests to the endpoints of all free accounts."""


def delivery(user_id: str, webhook_id: str, delivery_id: str) -> Key:
    """Key of a delivery to a webhook endpoint. The deliveries of an endpoint are sorted by time."""
    return Key(partition(user_id), f"{DELIVERY}{webhook_id}#{delivery_id}")


def limit(name: str, subject: str) -> Key:
    """Key of a rate limit. The client, such as a source address, is stored as a hash."""
    return Key(f"LIMIT#{name}#{hashlib.sha256(subject.encode()).hexdigest()[:32]}", "LIMIT")


def lockout(address: str, network: str | None = None) -> Key:
    """Key of the failed logins to an address from a source network (None: all networks), both as fingerprints."""
    return Key(f"LOCKOUT#{address}", f"NETWORK#{network}" if network is not None else "ALL")


def suppression(fingerprint: str) -> Key:
    """Key of a suppressed address.

    It is outside of users' partitions, because it is kept after accounts are deleted.
    """
    return Key(f"SUPPRESSION#{fingerprint}", "SUPPRESSION")


TASK_STARTS = Key("TASKS", "STARTS")
"""Key of the recently started tasks."""


def start_failures(kind: str) -> Key:
    """Key of the failures in a row of a kind of task."""
    return Key("TASKS", f"FAILURES#{kind}")


def host_lease(host: str) -> Key:
    """Key of the lease on a host that is crawled. The host is stored as a hash."""
    return Key(f"HOST#{hashlib.sha256(host.encode()).hexdigest()[:32]}", "HOST")


def mutex(name: str) -> Key:
    """Key of a lease that only one process can have."""
    return Key(f"MUTEX#{name}", "MUTEX")


def due_quota(month: str) -> str:
    """Value of ``due_kind`` for the open ledgers of a month."""
    return f"quota#{month}"
