"""Read the headers that the emulated distribution adds; the emulator stores its settings, but serves nothing."""

from __future__ import annotations

from typing import Any


def origin_headers(cloudfront: Any, distribution: str) -> dict[str, str]:
    """Return the headers that the distribution adds to requests to the API.

    Args:
        cloudfront: the emulator's client.
        distribution: ID of the distribution.
    """
    config = cloudfront.get_distribution_config(Id=distribution)["DistributionConfig"]
    return {
        header["HeaderName"]: header["HeaderValue"]
        for origin in config["Origins"].get("Items", [])
        for header in origin.get("CustomHeaders", {}).get("Items", [])
    }
