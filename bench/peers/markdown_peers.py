"""Convert pages with the peers of bench.markdown: a JSON list of HTML on standard input, a JSON object of lists out.

Each peer has the options that its documentation recommends for the main text of a page: fenced code with its
language, tables, links and images are kept; navigation and forms are left out if possible.
"""

import json
import re
import sys

import html_to_markdown
import trafilatura
from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight)-(\w+)")
_NO_TEXT = ["script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form"]


def with_trafilatura(html: str) -> str:
    return (
        trafilatura.extract(
            html, output_format="markdown", include_tables=True, include_links=True, include_images=True
        )
        or ""
    )


def with_html_to_markdown(html: str) -> str:
    cleaning = html_to_markdown.PreprocessingOptions(preset="aggressive")
    options = html_to_markdown.ConversionOptions(preprocessing=cleaning, extract_metadata=False)
    return html_to_markdown.convert(html, options).content or ""


def with_markdownify(html: str) -> str:
    # It does not detect a main part; its users select one with Beautiful Soup.
    soup = BeautifulSoup(html, "html.parser")
    for node in soup(_NO_TEXT):
        node.decompose()
    part = soup.find("main") or soup.find("article") or soup.body or soup
    return MarkdownConverter(code_language_callback=_language, heading_style="ATX").convert_soup(part)


def _language(pre) -> str:
    nodes = [pre, *pre.find_all("code"), *list(pre.parents)[:2]]
    found = _LANGUAGE.search(" ".join(" ".join(node.get("class") or ()) for node in nodes))
    return found[1] if found else ""


PEERS = {
    "trafilatura": with_trafilatura,
    "html-to-markdown": with_html_to_markdown,
    "markdownify": with_markdownify,
}

if __name__ == "__main__":
    pages = json.load(sys.stdin)
    json.dump({name: [convert(page) for page in pages] for name, convert in PEERS.items()}, sys.stdout)
