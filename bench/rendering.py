"""Measure the speed and memory of rendering pages that need JavaScript, and check that other pages are not rendered.

    .venv/bin/python -m bench.rendering [--pages 120] [--plain 120]

A single-page app and as many pages that need no JavaScript (though they have a script), on one site served by nginx
on loopback. Needs nginx-light and chromium-headless-shell.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.site import nginx
from testkit.memory import Watch

SPEED = 6.0  # rendered pages a second
MEMORY = 1500  # MB
LIBRARY = 300_000  # bytes of script, the size of a framework

_APP = """
async function draw() {
  const root = document.getElementById('root');
  root.innerHTML = '<p>Loading…</p>';
  const name = location.pathname.split('/').pop().replace('.html', '') || 'app-0';
  const page = await (await fetch(`/api/${name}.json`)).json();
  document.title = page.title;
  root.innerHTML = `<nav>${page.links.map((to) => `<a href="/${to}.html">${to}</a>`).join(' ')}</nav>
    <main><h1>${page.title}</h1>${page.text.map((one) => `<p>${one}</p>`).join('')}</main>`;
}
draw();
"""
_SHELL = """<!doctype html><html lang=en><head><title>App</title><link rel=stylesheet href=/app.css></head><body>
<noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div>
<script src=/app.js></script></body></html>"""
_SENTENCE = "A sentence of some words that a page of documentation might have, and it has many of them. "


def site(folder: Path, rendered: int, plain: int) -> None:
    api = folder / "api"
    api.mkdir(parents=True)
    (folder / "app.js").write_text(f"{_APP}/*{'x' * LIBRARY}*/")
    (folder / "app.css").write_text("main { max-width: 40em; } p { line-height: 1.5; }")
    (folder / "plain.js").write_text(
        "document.querySelector('main').innerHTML += '<p>Seen by a browser.</p>'"
    )
    names = [f"app-{number}" for number in range(rendered)]
    for number, name in enumerate(names):
        (folder / f"{name}.html").write_text(_SHELL)
        links = [names[(number * 7 + step) % rendered] for step in range(1, 21)]
        links += [f"plain-{(number * 3 + step) % plain}" for step in range(20)] if plain else []
        text = [f"{name}: {_SENTENCE * 4}"] * 30
        page = {"title": f"Page {name}", "links": links, "text": text}
        (api / f"{name}.json").write_text(json.dumps(page))
    for number in range(plain):
        body = f"<p>{number}: {_SENTENCE * 4}</p>" * 30
        (folder / f"plain-{number}.html").write_text(
            f"<!doctype html><html lang=en><head><title>Plain {number}</title></head><body><main>"
            f"<h1>Plain {number}</h1>{body}</main><script src=/plain.js></script></body></html>"
        )
    (folder / "index.html").write_text(_SHELL)


def crawl(address: str, out: Path, pages: int) -> dict[str, object]:
    command = [
        sys.executable,
        "-m",
        "llmready.crawler",
        f"http://{address}/",
        "--out",
        str(out),
        "--use-playwright",
    ]
    subprocess.run(
        [*command, "--max-pages", str(pages), "--timeout", "600"],
        env={**os.environ, "LLMREADY_CRAWL_ALLOW": address},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return dict(json.loads((out / "manifest.json").read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=120)
    parser.add_argument("--plain", type=int, default=120)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        for plain in dict.fromkeys((0, wanted.plain)):
            root = folder / f"site-{plain}"
            site(root, wanted.pages, plain)
            out = folder / f"out-{plain}"
            began = time.monotonic()
            with nginx(root) as address, Watch("-m llmready.crawler", str(out)) as watch:
                manifest = crawl(address, out, wanted.pages + plain + 1)
            seconds = time.monotonic() - began
            report(manifest, out, plain, seconds, watch.peak)


def report(manifest: dict[str, Any], out: Path, plain: int, seconds: float, peak: float) -> None:
    note = next(note for note in manifest["notes"] if "rendered" in note)
    rendered = int(re.match(r"\d+", note)[0])  # type: ignore[index]
    in_vain = sum("Seen by a browser." in page.read_text() for page in (out / "md").rglob("plain-*.md"))
    print(
        f"{len(manifest['pages'])} pages, {len(manifest['failures'])} failed, {rendered} rendered in {seconds:.1f} s"
    )
    print(
        f"  rendered pages a second, start and packing included: {rendered / seconds:.1f} (at least {SPEED:g})"
    )
    print(f"  peak memory of the process tree: {peak:.0f} MB (at most {MEMORY})")
    if plain:
        print(f"  pages without need for JavaScript that were rendered: {in_vain} of {plain} (none)")


if __name__ == "__main__":
    main()
