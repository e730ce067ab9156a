"""Compute the size of an item by DynamoDB's rules ("item sizes and formats" in its manual)."""

from collections.abc import Mapping
from typing import Any


def item_size(item: Mapping[str, Any]) -> int:
    """Return the bytes of an item in DynamoDB's wire format."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        digits = str(content).lstrip("-").replace(".", "").strip("0") or "0"
        return (len(digits) + 1) // 2 + 1
    if kind == "M":
        return 3 + item_size(content)
    if kind == "L":
        return 3 + sum(_size(inner) for inner in content)
    if kind in ("BOOL", "NULL"):
        return 1
    raise ValueError(f"the table holds no value of type {kind}")
