"""The result of a spam filter for each mail, with rules that need no network."""

import re
import subprocess
from pathlib import Path

from testkit import needs
from tests.mail.eml import as_eml
from tests.mail.rendered import KINDS, render

SPAMASSASSIN = Path("/usr/bin/spamassassin")
# Headers that only a delivered mail has: its hops, and the signatures of the provider.
NOT_OURS = {"NO_RECEIVED", "NO_RELAYS", "DKIM_ADSP_NXDOMAIN"}
RULE = re.compile(r"^ *(-?\d+\.\d) (\w+)", re.MULTILINE)


def hits(mails: list[bytes]) -> list[dict[str, float]]:
    """Return for each mail the rules that match, with their points."""
    box = b"".join(b"From x@example.com Tue Nov 24 09:30:00 2026\n" + mail + b"\n\n" for mail in mails)
    command = [str(needs.package("spamassassin", SPAMASSASSIN)), "--local", "--test-mode", "--mbox"]
    done = subprocess.run(command, input=box, capture_output=True, timeout=300, check=True)
    reports = done.stdout.decode(errors="replace").split("Content analysis details:")[1:]
    assert len(reports) == len(mails)
    return [{name: float(points) for points, name in RULE.findall(report)} for report in reports]


def test_spam_filter_finds_no_fixable_rule() -> None:
    probe = b"Subject: x\nFrom: a@example.com\n\nx\n"
    found = hits([*(as_eml(render(kind)) for kind in KINDS), probe])
    ours = [met for met in found if "MISSING_HEADERS" not in met]
    assert len(ours) == len(KINDS)  # the filter filters: it caught the probe, which has no receiver
    for met in ours:
        assert {name for name, points in met.items() if points > 0} <= NOT_OURS
