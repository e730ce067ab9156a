"""Email addresses and display names in the forms that mail providers accept."""

import re
from email.header import Header
from email.utils import formataddr

import idna


def name_and_address(text: str) -> tuple[str, str]:
    """Split an address into its display name, or an empty text, and the address itself.

    Unlike :func:`email.utils.parseaddr`, it accepts a comma in a name without quotation marks.
    """
    before, _, behind = text.strip().rpartition("<")
    name, address = before.strip(), behind.removesuffix(">").strip()
    if not (name and behind.endswith(">")) or ">" in address or "\n" in name:
        return "", text.strip(" \t<>")
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, address


def with_ascii_domain(address: str) -> str:
    """Return an address without a display name, with its domain in Punycode.

    Args:
        address: The address. The part before the ``@`` is kept.
    """
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{idna.encode(domain, uts46=True).decode()}"


def encoded_address(text: str) -> str:
    """Return an address in the form that SES accepts, which is ASCII.

    SES asks for Punycode in the domain and for encoded words (RFC 2047) in the display name.

    Args:
        text: The address, with or without a display name.
    """
    name, address = name_and_address(text)
    encoded = with_ascii_domain(address)
    if name.isascii() and "=?" not in name:
        return formataddr((name, encoded))
    # An encoded word has at most 75 characters; a longer name becomes several, which readers join again.
    words = Header(name, "utf-8", maxlinelen=75).encode(linesep="").split()
    return f"{' '.join(words)} <{encoded}>"
