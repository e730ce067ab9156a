"""Scan each archive, tag it, and send an event to EventBridge, as GuardDuty does on AWS.

Part of the emulator's process, when ``LLMREADY_MALWARE_SCAN`` is on. It detects only the test file EICAR, also as a
file in an archive.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from contextvars import copy_context
from threading import Thread
from typing import Any

from ministack.services import eventbridge, s3

PREFIX = "generations/"
TAG = "GuardDutyMalwareScanStatus"
SCAN_SECONDS = 1.0
_EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


def scan_archives() -> None:
    """Scan objects that are stored under the archives' prefix from now on."""
    put = s3._put_object  # noqa: SLF001

    def put_and_scan(bucket: str, key: str, body: bytes, headers: dict[str, str]) -> Any:
        answer = put(bucket, key, body, headers)
        if answer[0] == 200 and key.startswith(PREFIX):
            # In a thread, because it takes time and a rule's target may be a function.
            Thread(target=copy_context().run, args=(_scan, bucket, key, bytes(body)), daemon=True).start()
        return answer

    s3._put_object = put_and_scan  # noqa: SLF001


def _scan(bucket: str, key: str, body: bytes) -> None:
    time.sleep(SCAN_SECONDS)
    infected = _EICAR in body or any(_EICAR in content for content in _contents(body))
    status = "THREATS_FOUND" if infected else "NO_THREATS_FOUND"
    s3._object_tags[(bucket, key, None)] = {TAG: status}  # noqa: SLF001
    detail = {
        "schemaVersion": "1.0",
        "scanStatus": "COMPLETED",
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": {"bucketName": bucket, "objectKey": key},
        "scanResultDetails": {
            "scanResultStatus": status,
            "threats": [{"name": "EICAR-Test-File (not a virus)"}] if infected else None,
        },
    }
    entry = {
        "Source": "aws.guardduty",
        "DetailType": "GuardDuty Malware Protection Object Scan Result",
        "Detail": json.dumps(detail),
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001


def _contents(body: bytes) -> list[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return [archive.read(name) for name in archive.namelist()]
    except zipfile.BadZipFile:
        return []
