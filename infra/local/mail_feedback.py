"""Report bounces and complaints to EventBridge for mails to SES's mailbox simulator, as SES does on AWS.

Part of the emulator's process. ``bounce@simulator.amazonses.com`` and ``complaint@simulator.amazonses.com``, with any
label behind a plus, are the addresses that SES itself has for tests.
"""

from __future__ import annotations

import json
import time
from contextvars import copy_context
from threading import Thread
from typing import Any

from ministack.services import eventbridge, ses, ses_v2

FEEDBACK_SECONDS = 0.5
_DETAIL_TYPES = {"Bounce": "Email Bounced", "Complaint": "Email Complaint Received"}


def tell_feedback() -> None:
    """Report the results of mails that are sent from now on to EventBridge."""
    build = ses_v2._build_mime_message  # noqa: SLF001

    def build_and_tell(source: str, to: list[str], copies: list[str], blind: list[str], *content: Any) -> Any:
        # In a thread, because it takes time and a rule's target may be a function.
        recipients = [*to, *copies, *blind]
        Thread(target=copy_context().run, args=(_tell, source, recipients), daemon=True).start()
        return build(source, to, copies, blind, *content)

    ses_v2._build_mime_message = build_and_tell  # noqa: SLF001


def _tell(source: str, recipients: list[str]) -> None:
    time.sleep(FEEDBACK_SECONDS)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    for recipient in recipients:
        name, _, domain = recipient.rpartition("@")
        if domain.lower() != ses._SIMULATOR_DOMAIN:  # noqa: SLF001
            continue
        for kind, subtype in ses._SIMULATOR_OUTCOMES.get(name.lower().partition("+")[0], ()):  # noqa: SLF001
            if kind in _DETAIL_TYPES:
                detail = ses._notification_detail(kind, recipient, moment, subtype)  # noqa: SLF001
                _publish(kind, {"timestamp": moment, "source": source, "destination": recipients}, detail)


def _publish(kind: str, mail: dict[str, Any], detail: dict[str, Any]) -> None:
    """Publish an event for each configuration set that requests it. The local system has only one."""
    for name, configuration_set in ses_v2._config_sets.items():  # noqa: SLF001
        for destination in (configuration_set.get("EventDestinations") or {}).values():
            if "EventBridgeDestination" in destination and kind.upper() in destination["MatchingEventTypes"]:
                tagged = {**mail, "tags": {"ses:configuration-set": [name]}}
                entry = {
                    "Source": "aws.ses",
                    "DetailType": _DETAIL_TYPES[kind],
                    "Detail": json.dumps({"eventType": kind, "mail": tagged, **detail}),
                }
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001
