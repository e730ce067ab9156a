"""The tree-construction cases of html5lib-tests, with their trees in a comparable form."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from testkit.packages import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = "1.1"
SHA256 = "b2e5b40261e20f354d198eae92afc10d750afb487ed5e50f9c4eaf07c184146f"
FOLDER = "html5lib/tests/testdata/tree-construction"
# Elements of every page, and elements that the standard adds if they are missing.
IMPLIED = frozenset({"#page", "html", "head", "body", "tbody", "colgroup"})

Node = str | tuple[str, tuple["Node", ...]]
"""A text, or an element: its name and its children."""


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: File and number of the case.
        page: Source of the page.
        tree: The tree that the standard requires.
    """

    name: str
    page: str
    reads_noscript: bool
    tree: tuple[Node, ...]


def cases() -> list[Case]:
    """Return the cases for whole pages. Raises: MissingPackageError when the package cannot be downloaded."""
    folder = unpacked("pypi:html5lib", VERSION, (FOLDER,), sha256=SHA256) / FOLDER
    found: list[Case] = []
    for path in sorted(folder.glob("*.dat")):
        text = "\n" + path.read_bytes().decode()
        for number, block in enumerate(text.split("\n#data\n")[1:], 1):
            if "\n#document-fragment\n" not in block:
                found.append(_case(f"{path.stem}:{number}", block))
    return found


def _case(name: str, block: str) -> Case:
    page = block.partition("\n#errors")[0]
    document = block.partition("\n#document\n")[2]
    return Case(name, page, "\n#script-off" in block, normalised(_nested(document)))


def _nested(document: str) -> list[Node]:
    """Read lines such as `|   <p>` by their indentation."""
    root: list[object] = []
    levels: list[list[object]] = [root]
    # A text may contain line breaks, so only a bar starts a new line.
    for line in re.split(r"\n(?=\| )", "\n" + document.rstrip("\n"))[1:]:
        body = line[2:]
        content = body.lstrip(" ")
        depth = (len(body) - len(content)) // 2
        del levels[depth + 1 :]
        if content.startswith('"'):
            levels[depth].append(content[1 : content.rindex('"')])
        elif content == "content":
            # The content of a template is added to the template itself.
            levels.append(levels[depth])
        elif content.startswith("<") and not content.startswith(("<!", "<?")):
            element: list[object] = [content[1:-1].split(" ")[-1].lower(), {}]
            levels[depth].append(element)
            levels.append(element)
    return root  # type: ignore[return-value]


def normalised(children: Iterable[Any]) -> tuple[Node, ...]:
    """Return nodes without implied elements and white space, and with joined texts."""
    found: list[Node] = []
    for child in children:
        if isinstance(child, str):
            text = html.unescape(child).replace("\x00", "").replace("\ufffd", "").replace("\r\n", "\n")
            if found and isinstance(found[-1], str):
                found[-1] += text
            else:
                found.append(text)
            continue
        name, _, *inner = child
        inside = normalised(inner)
        if name in IMPLIED:
            for node in inside:
                if isinstance(node, str) and found and isinstance(found[-1], str):
                    found[-1] += node
                else:
                    found.append(node)
        else:
            found.append((name, inside))
    texts = (" ".join(node.split()) if isinstance(node, str) else node for node in found)
    return tuple(node for node in texts if node)
