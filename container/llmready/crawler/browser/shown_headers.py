"""The headers with which the browser gets a page that was fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmready.crawler.fetch.response import Response

# Added to the policy of the site's own response; the stricter one applies. Frames, pictures, plugins and workers are
# never requested; the sandbox allows no dialogs, popups and downloads.
POLICY = (
    "sandbox allow-scripts allow-same-origin allow-forms; img-src 'none'; media-src 'none'; font-src 'none'; "
    "frame-src 'none'; object-src 'none'; worker-src 'none'; manifest-src 'none'"
)

# All features of Chromium that a policy can switch off, except those in FEATURES_ON. With some of them, the browser's
# own process sends requests that a page asks for, which the crawler cannot pause. The others use devices, models or
# the reader. The names of older versions are included.
_OFF = """
all-screens-capture ambient-light-sensor attribution-reporting autofill autoplay battery bluetooth
browsing-topics camera captured-surface-control clipboard-read clipboard-write compute-pressure controlled-frame
deferred-fetch deferred-fetch-minimal digital-credentials-create digital-credentials-get direct-sockets
direct-sockets-private display-capture encrypted-media focus-without-user-activation fullscreen geolocation
hid identity-credentials-get idle-detection interest-cohort join-ad-interest-group keyboard-map
language-detector language-model local-fonts media-playback-while-not-visible microphone midi
on-device-speech-recognition otp-credentials payment picture-in-picture private-aggregation
private-state-token-issuance private-state-token-redemption proofreader publickey-credentials-create
publickey-credentials-get rewriter run-ad-auction screen-wake-lock serial shared-storage shared-storage-select-url
smart-card speaker-selection storage-access sub-apps summarizer translator usb usb-unrestricted web-share
window-management writer
"""
FEATURES_OFF = _OFF.split()

FEATURES_ON = frozenset(
    {
        "accelerometer",
        "aria-notify",
        "cross-origin-isolated",
        "gamepad",
        "gyroscope",
        "magnetometer",
        "sync-xhr",
        "unload",
        "xr-spatial-tracking",
        # The address guard decides which addresses may be requested.
        "local-network",
        "local-network-access",
        "loopback-network",
    }
)
"""Features that send no requests of their own. Those of client hints (`ch-`) only name headers of other requests."""

PERMISSIONS = ", ".join(f"{name}=()" for name in FEATURES_OFF)
_PASSED_ON = frozenset({"content-type", "content-security-policy", "referrer-policy", "content-language"})


def shown_headers(response: Response) -> list[dict[str, str]]:
    """Return the headers that affect how a page is shown.

    A Content-Security-Policy blocks images and frames, and a Permissions-Policy the features that no crawl needs.
    """
    kept = [
        {"name": name, "value": value}
        for name, value in response.headers.items()
        if name.lower() in _PASSED_ON
    ]
    return [
        *kept,
        {"name": "Content-Security-Policy", "value": POLICY},
        {"name": "Permissions-Policy", "value": PERMISSIONS},
    ]
