"""Read the labelled pages and their main text."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from testkit.packages import MissingPackageError, unpack_all, unpacked

HERE = Path(__file__).parent.parent / "tests" / "quality"
LABELS = HERE / "pages.toml"
HANDMADE = HERE / "handmade"
_SPACE = re.compile(r"\s+")
_UNSEEN = (
    "script, style, template, noscript, svg, button, select, input, textarea, [hidden], [aria-hidden=true]"
)


@dataclass(frozen=True)
class Label:
    """A page with its labels. pages.toml explains each label."""

    maker: str
    source: str
    version: str
    path: str
    main: str
    drop: str
    gold: str
    say: tuple[str, ...]
    hush: tuple[str, ...]
    held_out: bool

    @property
    def name(self) -> str:
        """Name of the page in reports."""
        return f"{self.source.rpartition(':')[2]}/{Path(self.path).name}"

    @property
    def is_handmade(self) -> bool:
        """Whether the page was written for this set."""
        return self.source == "handmade"

    @property
    def folder(self) -> Path:
        """Folder of the page. Raises: MissingPackageError."""
        if self.is_handmade:
            return HANDMADE
        return unpacked(self.source, self.version, members()[self.source])

    @cached_property
    def html(self) -> str:
        """The page. Raises: MissingPackageError."""
        return (self.folder / self.path).read_text(encoding="utf-8", errors="replace")

    @cached_property
    def parts(self) -> list[LexborNode]:
        """The nodes of the main text, without the parts that the label excludes."""
        tree = LexborHTMLParser(self.html)
        for selector in filter(None, (_UNSEEN, self.drop)):
            for node in reversed(tree.css(selector)):
                if node.parent is not None:
                    node.remove()
        found: list[LexborNode] = []
        for selector in self.main.split(", "):
            found += tree.css(selector)
        self.__dict__["_tree"] = tree
        return found

    @cached_property
    def text(self) -> str:
        """The main text, as plain text."""
        return " ".join(_SPACE.sub(" ", part.text(separator=" ")) for part in self.parts)

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the labelled main text, to detect changes."""
        return hashlib.sha256(" ".join(re.findall(r"\w+", self.text)).encode()).hexdigest()[:16]


@cache
def labels() -> list[Label]:
    """All labelled pages."""
    data = tomllib.loads(LABELS.read_text())
    return [
        Label(
            maker=page["maker"],
            source=page["source"],
            version=data["packages"].get(page["source"], ""),
            path=page["path"],
            main=page["main"],
            drop=page.get("drop", ""),
            gold=page.get("gold", ""),
            say=tuple(page.get("say", ())),
            hush=tuple(page.get("hush", ())),
            held_out=page.get("held_out", False),
        )
        for page in data["page"]
    ]


@cache
def members() -> dict[str, tuple[str, ...]]:
    """The required files of each package."""
    found: dict[str, list[str]] = {}
    for label in labels():
        found.setdefault(label.source, []).append(label.path)
    return {source: tuple(paths) for source, paths in found.items()}


def available() -> tuple[list[Label], list[str]]:
    """Return the labelled pages that are available and unchanged, and the reasons why others are not."""
    found: list[Label] = []
    reasons: list[str] = []
    unpack_all(
        {
            label.source: (label.version, members()[label.source])
            for label in labels()
            if not label.is_handmade
        }
    )
    for label in labels():
        try:
            if label.fingerprint == label.gold:
                found.append(label)
            else:
                reasons.append(f"{label.name}: the text is no longer the labelled one ({label.fingerprint})")
        except MissingPackageError as error:
            reasons.append(str(error))
    return found, reasons
