"""Find the elements of a page that are not within others of the same kind, or contain none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selectolax.lexbor import LexborNode


def outermost(nodes: Sequence[LexborNode]) -> list[LexborNode]:
    """Return the nodes that no other one contains. Reading all of nested ones would take quadratic time.

    Args:
        nodes: Nodes in the order of the document.
    """
    wanted = {node.mem_id for node in nodes}
    # Whether an ancestor is one of `nodes` or within one. Each ancestor is examined once.
    is_within: dict[int, bool] = {}
    found = []
    for node in nodes:
        path = []
        above = node.parent
        while above is not None and above.mem_id not in is_within:
            path.append(above.mem_id)
            above = above.parent
        within = above is not None and is_within[above.mem_id]
        for step in reversed(path):
            within = within or step in wanted
            is_within[step] = within
        if not within:
            found.append(node)
    return found


def innermost(nodes: Sequence[LexborNode]) -> list[LexborNode]:
    """Return the nodes that contain no other one; see `outermost`."""
    ancestors: set[int] = set()
    for node in nodes:
        above = node.parent
        while above is not None and above.mem_id not in ancestors:
            ancestors.add(above.mem_id)
            above = above.parent
    return [node for node in nodes if node.mem_id not in ancestors]
