"""AWS emulators for tests: one ministack process for a whole run, with separate resources for each test."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from llmready.adapters.dynamodb.account_mails import DynamoAccountMailLimit
from llmready.adapters.dynamodb.api_keys import DynamoApiKeys
from llmready.adapters.dynamodb.controls import DynamoControls
from llmready.adapters.dynamodb.deliveries import DynamoDeliveries
from llmready.adapters.dynamodb.exports import DynamoExports
from llmready.adapters.dynamodb.generations import DynamoGenerations
from llmready.adapters.dynamodb.host_leases import DynamoHostLeases
from llmready.adapters.dynamodb.limits import DynamoLimiter, DynamoLockout, DynamoMutex
from llmready.adapters.dynamodb.mail_tokens import DynamoMailTokens
from llmready.adapters.dynamodb.outbox import DynamoOutbox
from llmready.adapters.dynamodb.purges import DynamoPurges
from llmready.adapters.dynamodb.quotas import DynamoQuotas
from llmready.adapters.dynamodb.schedules import DynamoSchedules
from llmready.adapters.dynamodb.sessions import DynamoSessions
from llmready.adapters.dynamodb.suppressions import DynamoSuppressions
from llmready.adapters.dynamodb.table import Table
from llmready.adapters.dynamodb.task_starts import DynamoStartFailures
from llmready.adapters.dynamodb.text_requests import DynamoTextRequests
from llmready.adapters.dynamodb.users import DynamoUsers
from llmready.adapters.dynamodb.webhooks import DynamoWebhooks
from llmready.adapters.dynamodb.websites import DynamoWebsites
from llmready.adapters.s3 import S3Archives
from llmready.adapters.sqs import SqsJobQueue, SqsMailQueue, SqsWebhookQueue
from llmready.domain.plans import Lane
from llmready.http.schemas.generations import shown_generation
from llmready.http.schemas.websites import shown_website
from llmready.services import Services
from testkit.partial_services import services_with
from testkit.ports import free_port

REGION = "us-east-1"
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_INDEXES = (
    ("due", "due_kind", "due_at", "KEYS_ONLY"),
    ("by_user", "user_id", "sk", "KEYS_ONLY"),
    ("by_website", "user_website", "generation_id", "KEYS_ONLY"),
    ("by_status", "user_status", "generation_id", "KEYS_ONLY"),
    ("by_website_status", "website_status", "generation_id", "KEYS_ONLY"),
)


@dataclass(frozen=True)
class Emulator:
    """An AWS emulator. Without an endpoint, it is moto in this process."""

    endpoint: str | None

    def client(self, service: str, **config: Any) -> Any:
        """Return a new client of a service."""
        make: Any = boto3.client  # its types accept only literal names of services
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                signature_version="s3v4" if service == "s3" else "v4",
                max_pool_connections=64,
                retries={"total_max_attempts": 2, "mode": "standard"},
                **config,
            ),
        )

    def place(self) -> "Place":
        """Return a table, a bucket and queues for one test."""
        place = Place(self, f"t{uuid.uuid4().hex[:12]}")
        _create_table(place.dynamodb, place.name)
        return place


@dataclass(frozen=True)
class Place:
    """The resources of a stack: a table, a bucket and queues (created at their first use), and their adapters."""

    emulator: Emulator
    name: str
    receives: int = 4
    """Deliveries after which a generation's message is moved to the dead-letter queue."""

    def environment(self, **settings: object) -> dict[str, str]:
        """Return the environment of a process that uses these resources; ``settings`` are further settings in lower
        case."""
        _ = self.s3  # the process expects that its bucket exists
        ours = {
            "stage": "local",
            "table": self.name,
            "bucket": self.name,
            **{f"{lane}_queue_url": url for lane, url in self.queue_urls.items()},
            "mail_queue_url": self.mail_queue_url,
            "webhook_queue_url": self.webhook_queue_url,
            **settings,
        }
        return {
            **_CREDENTIALS,
            **({"AWS_ENDPOINT_URL": self.emulator.endpoint} if self.emulator.endpoint else {}),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            **{f"LLMREADY_{name.upper()}": str(value) for name, value in ours.items()},
        }

    @cached_property
    def dynamodb(self) -> Any:
        return self.emulator.client("dynamodb")

    @cached_property
    def s3(self) -> Any:
        client = self.emulator.client("s3")
        client.create_bucket(Bucket=self.name)
        return client

    @cached_property
    def sqs(self) -> Any:
        return self.emulator.client("sqs")

    @cached_property
    def queue_urls(self) -> dict[Lane, str]:
        attributes = {
            "RedrivePolicy": json.dumps(
                {
                    "deadLetterTargetArn": self.sqs.get_queue_attributes(
                        QueueUrl=self.dead_letters_url, AttributeNames=["QueueArn"]
                    )["Attributes"]["QueueArn"],
                    "maxReceiveCount": self.receives,
                }
            )
        }
        return {lane: self._queue(lane, **attributes) for lane in Lane}

    @cached_property
    def dead_letters_url(self) -> str:
        return self._queue("dead")

    @cached_property
    def mail_queue_url(self) -> str:
        return self._queue("mail")

    @cached_property
    def webhook_queue_url(self) -> str:
        return self._queue("webhooks")

    @cached_property
    def table(self) -> Table:
        return Table(self.dynamodb, self.name)

    @cached_property
    def users(self) -> DynamoUsers:
        return DynamoUsers(self.table)

    @cached_property
    def sessions(self) -> DynamoSessions:
        return DynamoSessions(self.table)

    @cached_property
    def api_keys(self) -> DynamoApiKeys:
        return DynamoApiKeys(self.table)

    @cached_property
    def mail_tokens(self) -> DynamoMailTokens:
        return DynamoMailTokens(self.table)

    @cached_property
    def websites(self) -> DynamoWebsites:
        return DynamoWebsites(self.table)

    @cached_property
    def generations(self) -> DynamoGenerations:
        return DynamoGenerations(self.table)

    @cached_property
    def quotas(self) -> DynamoQuotas:
        return DynamoQuotas(self.table)

    @cached_property
    def purges(self) -> DynamoPurges:
        return DynamoPurges(self.table)

    @cached_property
    def outbox(self) -> DynamoOutbox:
        return DynamoOutbox(self.table)

    @cached_property
    def suppressions(self) -> DynamoSuppressions:
        return DynamoSuppressions(self.table)

    @cached_property
    def limiter(self) -> DynamoLimiter:
        return DynamoLimiter(self.table)

    @cached_property
    def lockout(self) -> DynamoLockout:
        return DynamoLockout(self.table)

    @cached_property
    def mutex(self) -> DynamoMutex:
        return DynamoMutex(self.table)

    @cached_property
    def jobs(self) -> SqsJobQueue:
        return SqsJobQueue(self.sqs, self.queue_urls)

    @cached_property
    def mail_queue(self) -> SqsMailQueue:
        return SqsMailQueue(self.sqs, self.mail_queue_url)

    @cached_property
    def archives(self) -> S3Archives:
        return S3Archives(self.s3, self.name)

    @cached_property
    def services(self) -> Services:
        """The services of a process that uses these resources. Other services raise an error when they are used."""
        return services_with(
            users=self.users,
            sessions=self.sessions,
            api_keys=self.api_keys,
            text_requests=DynamoTextRequests(self.table),
            mail_tokens=self.mail_tokens,
            exports=DynamoExports(self.table),
            websites=self.websites,
            schedules=DynamoSchedules(self.table),
            purges=self.purges,
            generations=self.generations,
            archives=self.archives,
            controls=DynamoControls(self.table),
            quotas=self.quotas,
            limiter=self.limiter,
            lockout=self.lockout,
            account_mail_limit=DynamoAccountMailLimit(self.table),
            host_leases=DynamoHostLeases(self.table),
            outbox=self.outbox,
            mail_queue=self.mail_queue,
            suppressions=self.suppressions,
            webhooks=DynamoWebhooks(self.table),
            deliveries=DynamoDeliveries(self.table),
            webhook_queue=SqsWebhookQueue(self.sqs, self.webhook_queue_url),
            show_generation=shown_generation,
            show_website=shown_website,
            jobs=self.jobs,
            job_consumer=self.jobs,
            mutex=self.mutex,
            start_failures=DynamoStartFailures(self.table),
        )

    def services_at(self, time: datetime) -> Services:
        """The same services, with a fixed clock."""
        return replace(self.services, clock=lambda: time)

    def _queue(self, name: str, **attributes: str) -> str:
        answer = self.sqs.create_queue(QueueName=f"{self.name}-{name}", Attributes=attributes)
        return str(answer["QueueUrl"])

    def stored_keys(self) -> list[str]:
        """Return the keys of all objects in the bucket."""
        return sorted(entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.name).get("Contents", []))

    def waiting(self, url: str) -> tuple[int, int]:
        """Return the numbers of visible and of hidden messages of a queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


@contextlib.contextmanager
def running_ministack(folder: Path, *, port: int = 0, keep: bool = False) -> Iterator[Emulator]:
    """Run ministack until the context ends; its output goes to a file in ``folder``.

    Args:
        folder: Folder of its files.
        port: Where it listens; 0 for a free one.
        keep: Whether its state is kept for the next run in the same folder.
    """
    port = port or free_port()
    endpoint = f"http://127.0.0.1:{port}"
    environment = {
        **_CREDENTIALS,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "AWS_ENDPOINT_URL": endpoint,
    }
    if keep:
        environment |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(folder / "s3"),
        }
    with (folder / "ministack.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, cwd=folder, stdout=log, stderr=log
        )
        try:
            _wait_until_healthy(process, endpoint, folder / "ministack.log")
            yield Emulator(endpoint)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise RuntimeError(f"ministack did not start:\n{log.read_text()[-2000:]}")


def _create_table(client: Any, name: str) -> None:
    """Create the table as ``infra/constructs/storage.py`` describes it."""
    attributes = dict.fromkeys(["pk", "sk", *(key for _, *pair, _ in _INDEXES for key in pair)])
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in attributes],
        KeySchema=_keys("pk", "sk"),
        GlobalSecondaryIndexes=[
            {"IndexName": index, "KeySchema": _keys(hash_, range_), "Projection": {"ProjectionType": kind}}
            for index, hash_, range_, kind in _INDEXES
        ],
    )


def _keys(hash_: str, range_: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_, "KeyType": "HASH"},
        {"AttributeName": range_, "KeyType": "RANGE"},
    ]
