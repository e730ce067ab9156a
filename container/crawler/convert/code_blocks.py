"""Code blocks: their text without markup, and the language that the page names for them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

ATTRIBUTE = "data-md-code"
"""Set on each `pre`: its language, perhaps empty."""

LEVELS_UP = 3
"""Elements around a code block that may name its language."""

_NAMED = re.compile(
    r"(?:^|\s)(?:language|lang|highlight|highlight-source|brush:?|sourceCode|code|src)[-:\s]\s?([A-Za-z][A-Za-z0-9+#._-]{0,29})"
)
_BARE = re.compile(
    r"(?:^|\s)(?:hljs|prettyprint|sourceCode|programlisting|chroma|shiki|prism)\s+([a-z][a-z0-9+#-]{0,19})(?=\s|$)"
)
_NONE = frozenset((
    "none", "text", "plain", "plaintext", "plain-text", "txt", "default", "notranslate", "code",
    "highlight", "nohighlight", "no-highlight", "ignore", "linenums", "block", "wrapper", "container",
    "toolbar", "body", "example", "box", "inline", "literal", "output", "hljs", "prettyprinted",
    "listing", "copy", "editable", "should_panic", "does_not_compile", "source",
))  # fmt: skip
_SAME = {
    "python3": "python", "py": "python", "py3": "python", "pycon": "pycon", "pycon3": "pycon", "ipython": "python",
    "ipython3": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript",
    "node": "javascript", "ts": "typescript",
    "sh": "sh", "shell-session": "console", "shellsession": "console", "yml": "yaml",
    "c++": "cpp", "cplusplus": "cpp",
    "csharp": "csharp", "c#": "csharp", "cs": "csharp", "rb": "ruby", "rs": "rust", "golang": "go", "htm": "html",
    "html+django": "django", "html+jinja": "jinja", "md": "markdown", "postgresql": "sql", "docker": "dockerfile",
}  # fmt: skip


def mark_code_blocks(main: LexborNode) -> None:
    """Write down the language of each `pre` within a part of a page, in an attribute of it."""
    for block in main.css("pre"):
        attributes = block.attributes
        if attributes.get(ATTRIBUTE) is None:
            block.attrs[ATTRIBUTE] = _language(block)


def _language(block: LexborNode) -> str:
    inner = block.css_first("code")
    for node in (inner, block):
        if node is not None:
            attributes = node.attributes
            for name in ("data-lang", "data-language", "lang", "language"):
                found = _known(attributes.get(name) or "")
                if found:
                    return found
            found = _from_classes(attributes.get("class") or "")
            if found:
                return found
    node = block.parent
    for _ in range(LEVELS_UP):
        if node is None or node.tag in ("body", "main", "article", "dd", "li"):
            break
        found = _from_classes(node.attributes.get("class") or "")
        if found:
            return found
        node = node.parent
    return ""


@lru_cache(maxsize=1024)
def _from_classes(names: str) -> str:
    for pattern in (_NAMED, _BARE):
        for match in pattern.finditer(names.strip()):
            found = _known(match[1])
            if found:
                return found
    return ""


def _known(name: str) -> str:
    name = name.strip().lower().rstrip(";")
    if not re.fullmatch(r"[a-z][a-z0-9+#._-]{0,29}", name) or name in _NONE:
        return ""
    return _SAME.get(name, name)
