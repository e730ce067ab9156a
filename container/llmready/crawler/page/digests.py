"""Digests for comparing the content of pages."""

from __future__ import annotations

import hashlib
import re

_TARGET = re.compile(r"\]\([^()\s]*+\)")


def content_digest(title: str, markdown: str) -> str:
    """Return the SHA-256 of a page's title and Markdown, in hex."""
    return hashlib.sha256(f"{title}\n{markdown}".encode()).hexdigest()


def variant_digest(title: str, markdown: str) -> str:
    """Return a digest without link targets, because each translation links to pages of its own language."""
    return content_digest(title, _TARGET.sub("]()", markdown))
