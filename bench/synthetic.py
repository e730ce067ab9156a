"""Generate websites that look like generated documentation, with a given number and size of pages."""

import random
import shutil
from pathlib import Path

SIZE = 72_000
"""Approximate size of a page in bytes."""

SECTION = 25
"""Number of pages of one section, which its sidebar lists."""

_TEXT = """
    request response server client handler buffer token session worker queue message stream socket thread
    module package function method argument value option setting default error warning event listener cache
    index query table column record key schema migration release version branch commit deploy cluster node
    memory storage volume region policy account secret address router header cookie payload encoding format
    returns accepts raises reads writes sends receives waits retries closes opens creates updates removes
    when while before after because unless every each only never always usually together without within
    small large empty optional required nested static dynamic public private local remote first last next
"""
_WORDS = tuple(_TEXT.split())
_STYLES = ("k", "n", "o", "p", "s2", "nb", "mi", "c1", "nf", "kn")


class _Parts:
    """The parts of pages, generated once; each page selects and numbers them."""

    def __init__(self, pages: int) -> None:
        self.chance = random.Random(pages)
        self.paragraphs = [self._paragraph() for _ in range(300)]
        self.codes = [self._code() for _ in range(120)]
        self.tables = [self._table() for _ in range(60)]
        self.lists = [self._list() for _ in range(80)]

    def words(self, least: int, most: int) -> str:
        return " ".join(self.chance.choices(_WORDS, k=self.chance.randint(least, most)))

    def sentence(self) -> str:
        words = self.words(8, 20)
        code = self.chance.choice(_WORDS)
        marked = f'<code class="docutils literal"><span class="pre">{code}</span></code>'
        return f"{words.capitalize()} {marked} and so on."

    def _paragraph(self) -> str:
        text = " ".join(self.sentence() for _ in range(self.chance.randint(3, 7)))
        return (
            f'<p>{text} See <a class="reference internal" href="LINK"><em>{self.words(2, 4)}</em></a>.</p>\n'
        )

    def _code(self) -> str:
        lines = []
        for _ in range(self.chance.randint(4, 14)):
            tokens = (
                f'<span class="{self.chance.choice(_STYLES)}">{self.chance.choice(_WORDS)}</span>'
                for _ in range(self.chance.randint(3, 8))
            )
            lines.append("    " * self.chance.randint(0, 2) + " ".join(tokens))
        text = "\n".join(lines)
        return (
            '<div class="highlight-python notranslate"><div class="highlight">'
            f"<pre><span></span>{text}\n</pre></div></div>\n"
        )

    def _table(self) -> str:
        head = "".join(f'<th class="head"><p>{self.words(1, 2)}</p></th>' for _ in range(4))
        rows = "".join(
            "<tr>" + "".join(f"<td><p>{self.words(1, 7)}</p></td>" for _ in range(4)) + "</tr>\n"
            for _ in range(self.chance.randint(4, 12))
        )
        return f'<table class="docutils align-default"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>\n'

    def _list(self) -> str:
        items = "".join(f"<li><p>{self.sentence()}</p></li>\n" for _ in range(self.chance.randint(3, 8)))
        return f'<ul class="simple">{items}</ul>\n'


def documentation(folder: Path, count: int) -> Path:
    """Write a documentation site of `count` pages of about 72 kB each, the front page among them.

    Each page has the head, top bar, sidebar, table of contents, walking links and footer of a documentation
    generator around an article of prose, lists, tables and highlighted code; about 150 links, all within the site.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    parts = _Parts(count)
    paths = ["/index.html", *(f"/section-{n // SECTION}/page-{n}.html" for n in range(1, count))]
    titles = [f"Page {number}: {parts.words(2, 5)}" for number in range(count)]
    for number, path in enumerate(paths):
        target = folder / path[1:]
        target.parent.mkdir(exist_ok=True)
        target.write_text(_page(parts, number, paths, titles))
    return folder


def _page(parts: _Parts, number: int, paths: list[str], titles: list[str]) -> str:
    count = len(paths)
    start = number // SECTION * SECTION
    near = range(start, min(start + SECTION, count))
    far = [(number * 31 + step * 17) % count for step in range(60)]
    top = "".join(
        f'<li class="nav-item"><a class="nav-link" href="{paths[n]}">{titles[n]}</a></li>\n'
        for n in range(0, count, max(SECTION, count // 40 // SECTION * SECTION))
    )
    sidebar = "".join(
        f'<li class="toctree-l1{" current" if n == number else ""}"><a class="reference internal" href="{paths[n]}">'
        f"{titles[n]}</a></li>\n"
        for n in (*near, *far)
    )
    before, after = paths[number - 1], paths[(number + 1) % count]
    article, contents = _article(parts, number, paths, SIZE - len(top) - len(sidebar) - 5000)
    return f"""<!DOCTYPE html>
<html lang="en" data-content_root="../">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1.0">
<title>{titles[number]} — Measured 1.0 documentation</title>
<meta name="description" content="{titles[number]} explains how to {parts.words(6, 12)}.">
<meta property="og:site_name" content="Measured"><link rel="stylesheet" href="/_static/theme.css">
<script>document.documentElement.dataset.mode = localStorage.getItem("mode") || "";</script>
<script src="/_static/search.js" defer></script>
<link rel="next" href="{after}"><link rel="prev" href="{before}">
</head>
<body>
<a class="skip-link" href="#main-content">Skip to main content</a>
<header class="bd-header navbar" id="pst-header"><nav class="navbar-nav" aria-label="Site"><ul>{top}</ul></nav>
<form class="bd-search" role="search" action="/search.html"><input type="search" name="q"></form></header>
<div class="bd-container">
<div class="bd-sidebar-primary sidebar"><nav class="bd-links" aria-label="Section"><p class="caption">Section</p>
<ul>{sidebar}</ul></nav></div>
<main id="main-content" class="bd-main" role="main">
<ul class="bd-breadcrumbs" aria-label="Breadcrumb"><li><a href="/index.html">Home</a></li>
<li>{titles[number]}</li></ul>
<article class="bd-article" role="main">
{article}
</article>
<footer class="prev-next-footer"><div class="prev-next-area"><a class="left-prev" href="{before}">previous</a>
<a class="right-next" href="{after}">next</a></div></footer>
</main>
<div class="bd-sidebar-secondary bd-toc"><nav class="page-toc"><ul>{contents}</ul></nav></div>
</div>
<footer class="bd-footer"><div class="footer-items"><p class="copyright">© Copyright 2026, the authors.</p>
<p class="sphinx-version">Created by hand.</p><a href="https://example.org/">elsewhere</a></div></footer>
</body></html>
"""


def _article(parts: _Parts, number: int, paths: list[str], size: int) -> tuple[str, str]:
    chance = random.Random(number)
    texts = [f'<h1>Page {number}<a class="headerlink" href="#top" title="Permalink">¶</a></h1>\n']
    contents = []
    length, heading = 0, 0
    while length < size:
        heading += 1
        name = f"part-{heading}"
        title = " ".join(chance.choices(_WORDS, k=3)).capitalize()
        contents.append(f'<li><a class="reference internal" href="#{name}">{title}</a></li>\n')
        level = 2 if heading % 3 else 3
        pieces = [
            f'<section id="{name}"><h{level}>{title}<a class="headerlink" href="#{name}">¶</a></h{level}>\n',
            *chance.choices(parts.paragraphs, k=3),
            chance.choice(parts.codes),
            f"<p>In page {number}, part {heading}, the value is {chance.random()}.</p>\n",
            chance.choice((chance.choice(parts.tables), chance.choice(parts.lists))),
            '<div class="admonition note"><p class="admonition-title">Note</p>',
            chance.choice(parts.paragraphs),
            "</div></section>\n",
        ]
        text = "".join(pieces)
        while "LINK" in text:
            text = text.replace("LINK", paths[chance.randrange(len(paths))], 1)
        texts.append(text)
        length += len(text)
    return "".join(texts), "".join(contents)
