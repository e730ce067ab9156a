"""Captcha checks: none, or a provider with the ``siteverify`` protocol."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

from llmready.observability import logger
from llmready.ports.telemetry import Metrics

_TIMEOUT = 3  # seconds
_LONGEST_ANSWER = 65_536  # bytes


class NoCaptcha:
    """Implements :class:`llmready.ports.limits.Captcha` for stages without a captcha."""

    def passes(self, answer: str | None, source: str) -> bool:  # noqa: ARG002 - the port's
        """Accept every request."""
        return True


class SiteVerifyCaptcha:
    """Implements :class:`llmready.ports.limits.Captcha` with Turnstile, hCaptcha or reCAPTCHA (one protocol).

    If the provider cannot be reached, requests are accepted. The rate limits still apply.

    Args:
        url: The provider's ``siteverify`` address.
        secret: Returns the provider's secret.
        metrics: Counts the requests for which the provider could not be reached.
    """

    def __init__(self, url: str, secret: Callable[[], str], metrics: Metrics) -> None:
        self._url = url
        self._secret = secret
        self._metrics = metrics

    def passes(self, answer: str | None, source: str) -> bool:
        """Return whether the provider confirms an answer."""
        if not answer:
            return False
        form = urllib.parse.urlencode({"secret": self._secret(), "response": answer, "remoteip": source})
        request = urllib.request.Request(self._url, data=form.encode())  # noqa: S310 - https, from the settings
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
                verdict = json.loads(response.read(_LONGEST_ANSWER))
        except (urllib.error.URLError, OSError, ValueError):
            logger.warning("captcha provider cannot be reached; the request is accepted without a check")
            self._metrics.count("CaptchaUnavailable")
            return True
        return isinstance(verdict, dict) and verdict.get("success") is True
