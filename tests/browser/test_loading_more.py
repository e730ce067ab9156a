"""Pages that have text, and whose scripts add more of it: lists and custom elements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from testkit.crawler_program import Run, run
from testkit.serving import Answer, Site, links, page, serving
from tests.browser.chromium import chromium
from tests.browser.test_rendering import markdown

WORDS = "It has a crust that is baked for an hour in an oven of stone, as it has been done for many years. "
ITEMS = f"""
let next = 10;
const list = document.querySelector('ul');
const text = () => `Loaf ${{next++}} of ${{location.pathname}}. {WORDS}`;
const add = () => {{
  for (let i = 0; i < 10 && next < 40; i++)
    list.append(Object.assign(document.createElement('li'), {{ textContent: text() }}));
  if (next >= 40) document.querySelector('#more')?.remove();
}};
"""
COMPONENT = """
customElements.define('my-card', class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({ mode: 'open' }).innerHTML = '<h2>Card</h2><p>Words of a card in the page.</p>';
  }
});
"""
SHADOW_LIST = """
customElements.define('my-list', class extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: 'open' });
    root.innerHTML = '<ul></ul><button>Load more</button>';
    const list = root.querySelector('ul');
    let next = 0;
    const add = () => { for (let i = 0; i < 10; i++) list.append(Object.assign(document.createElement('li'),
      { textContent: `Loaf ${next++} in the shadow of a component.` }));
      if (next >= 40) root.querySelector('button').remove(); };
    root.querySelector('button').onclick = add;
    add();
  }
});
"""


def listing(control: str, script: str = "", style: str = "") -> str:
    """Return a page with ten items; `add` adds ten more, up to 40."""
    items = "".join(f"<li>Loaf {number} of ten. {WORDS}</li>" for number in range(10))
    return page(
        "Loaves",
        body=f"<ul>{items}</ul>{control}<script>{ITEMS}{script}</script>",
        head=f"<style>{style}</style>",
    )


CONTROLS = {
    "/button": "<button id=more onclick=add()>Load more</button>",
    "/link": "<a id=more href='javascript:void(0)' onclick=add()>Load more</a>",
    "/fragment": "<a id=more href='#' onclick='add(); return false'>Show more results</a>",
    "/division": "<div id=more class=load-more onclick=add()>Load More Posts</div>",
    "/listened": "<div id=more class=load-more>Mehr laden</div><script>more.onclick = () => add()</script>",
    "/input": "<input id=more type=button value='Show 10 more' onclick=add()>",
    "/icon": "<button id=more aria-label='Load more' onclick=add()><svg></svg></button>",
    "/one-word": "<button id=more onclick=add()>More ▾</button>",
    "/french": "<button id=more onclick=add()>Plus d\u2019articles</button>",
    "/slow": "<button id=more onclick='setTimeout(add, 1300)'>Load more</button>",
}
SCROLLED = {
    "/window": listing(
        "",
        "addEventListener('scroll', () => {"
        " if (innerHeight + scrollY >= document.documentElement.scrollHeight - 50) add(); });",
    ),
    "/sentinel": listing(
        "<div id=sentinel>.</div>",
        "new IntersectionObserver(([one]) => { if (one.isIntersecting) add(); }).observe(sentinel);",
        "li { min-height: 200px }",
    ),
    "/inner": (
        "<!doctype html><html><head><title>Inner</title><style>html, body { height: 100%; overflow: hidden } "
        ".w { height: 100%; overflow: auto } li { min-height: 150px }</style></head><body><div class=w id=w>"
        f"<h1>Inner</h1><ul></ul></div><script>{ITEMS}next = 0; add(); w.addEventListener('scroll', () => {{"
        "if (w.scrollTop + w.clientHeight >= w.scrollHeight - 50) add(); });</script></body></html>"
    ),
}
HARMFUL = {
    "buy": "<button onclick=act('buy')>Load more and buy</button>",
    "credits": "<button onclick=act('credits')>Get more credits</button>",
    "reserve": "<button onclick=act('reserve')>Ver más y reservar</button>",
    "mark": "<button onclick=act('mark')>Show all and mark as read</button>",
    "delete": "<button onclick=act('delete')>Delete more</button>",
    "sign-out": "<a href='#' onclick=act('sign-out')>Sign out</a>",
    "cookies": "<div id=cookie-banner><button onclick=act('cookies')>Show more</button></div>",
    "options": "<button onclick=act('options')>More options</button>",
    "dialog": "<div role=dialog><button onclick=act('dialog')>Load more</button></div>",
    "form": "<form action=/acted/form><button>Load more</button></form>",
    "outside": "<form id=f action=/acted/outside></form><button form=f>Load more</button>",
    "navigation": "<nav><button onclick=act('navigation')>More</button></nav>",
    "menu": "<button aria-haspopup=menu onclick=act('menu')>More</button>",
    "link": "<a href='/acted/link' onclick=act('link')>Load more</a>",
    "script": "<a href='javascript:location=`/acted/script`'>Load more</a>",
    "attribute": "<button onclick='location.href=`/acted/attribute`'>Load more</button>",
}
LEAVES = (
    "<button id=leave>Load more</button><script>leave.onclick = () => { location.href = '/left'; }</script>"
)
ROUTES = """
<button id=leave>Load more</button><script>leave.onclick = () => {
  history.pushState(0, '', '/other'); document.querySelector('main').innerHTML = '<h1>Another page</h1>';
}</script>
"""
ENDLESS = "next = -1e6; addEventListener('scroll', add);"
# Only the items in view are in the page, as in libraries for long lists.
VIRTUAL = """
<main><h1>Loaves</h1><div id=list style='position: relative; height: 6000px'></div></main><script>
const draw = () => {
  const first = Math.floor(scrollY / 60);
  list.replaceChildren(...Array.from({ length: 28 }, (_, i) => first + i).filter((n) => n < 100).map((n) =>
    Object.assign(document.createElement('p'), { textContent: `Loaf ${n} of a list that shows what is in view.`,
      style: `position: absolute; height: 60px; top: ${n * 60}px` })));
};
draw(); addEventListener('scroll', draw);
</script>
"""
LONG_VIRTUAL = VIRTUAL.replace("6000px", "600000px").replace("n < 100", "n < 10000")
CRASHES = "<button>Load more</button><script>setTimeout(() => { while (true); }, 10)</script>"


def pages() -> dict[str, Answer | str]:
    found: dict[str, Answer | str] = {path: listing(control) for path, control in CONTROLS.items()}
    found |= SCROLLED
    harmful = "<script>const act = (name) => fetch('/acted/' + name);</script>" + "".join(HARMFUL.values())
    found |= {
        "/shadow": page("Shadow", body=f"<p>{WORDS * 5}</p><my-card></my-card><script>{COMPONENT}</script>"),
        "/shadow-list": page(
            "List", body=f"<p>{WORDS * 5}</p><my-list></my-list><script>{SHADOW_LIST}</script>"
        ),
        "/harmful": page("Harmful", body=f"<p>{WORDS * 5}</p>{harmful}<my-card></my-card>"),
        "/leaves": page("Leaves", body=f"<p>{WORDS * 5}</p>{LEAVES}"),
        "/routes": page("Routes", body=f"<p>{WORDS * 5}</p>{ROUTES}"),
        "/endless": listing("", ENDLESS + "// scrollHeight >= 1"),
        "/hangs": page("Hangs", body=f"<p>{WORDS * 5}</p>{CRASHES}"),
        "/virtual": f"<!doctype html><title>V</title>{VIRTUAL}",
        "/long-virtual": f"<!doctype html><title>L</title>{LONG_VIRTUAL}",
        "/empties": page(
            "Empties",
            body=f"<p>{WORDS * 5}</p><my-card></my-card><script>document.querySelector('p').remove()</script>",
        ),
    }
    found["/"] = page("Start", body=f"<p>{WORDS * 5}</p>" + links(*found))
    return found


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Site]]:
    chromium()
    with serving(pages()) as site:
        yield (
            run(site.url, tmp_path_factory.mktemp("more"), "--use-playwright", seconds=200).completed(),
            site,
        )


@pytest.mark.parametrize("path", [*CONTROLS, *SCROLLED])
def test_all_items_of_a_list_are_read(crawled: tuple[Run, Site], path: str) -> None:
    text = markdown(crawled[0], path)
    assert [number for number in range(40) if f"Loaf {number} of" not in text] == []


def test_components_of_a_page_with_text_are_read(crawled: tuple[Run, Site]) -> None:
    assert "Words of a card in the page." in markdown(crawled[0], "/shadow")
    assert "Loaf 39 in the shadow" in markdown(crawled[0], "/shadow-list")


def test_items_that_a_list_removes_out_of_view_are_kept(crawled: tuple[Run, Site]) -> None:
    text = markdown(crawled[0], "/virtual").partition("\n---\n")[2]
    assert re.findall(r"Loaf (\d+) of", text) == [str(number) for number in range(100)]
    assert "Loaf 0 of" in markdown(crawled[0], "/long-virtual")


def test_controls_that_do_something_else_are_not_pressed(crawled: tuple[Run, Site]) -> None:
    acted = {path for path in crawled[1].paths if path.startswith("/acted/")}
    # The crawl follows the link. Nothing else is requested.
    assert acted <= {"/acted/link"}
    assert "Harmful" in markdown(crawled[0], "/harmful")


@pytest.mark.parametrize("path", ["/leaves", "/routes"])
def test_a_control_that_leads_elsewhere_does_not_lose_the_page(crawled: tuple[Run, Site], path: str) -> None:
    assert WORDS.strip() in markdown(crawled[0], path)
    assert "Another page" not in crawled[0].full
    assert "/left" not in crawled[1].paths


def test_a_list_without_an_end_is_read_up_to_a_bound_and_named(crawled: tuple[Run, Site]) -> None:
    result, site = crawled
    assert markdown(result, "/endless").count("Loaf") > 50
    (note,) = [one for one in result.manifest["notes"] if "more text than the crawl waits for" in one]
    assert f"{site.url}/endless" in note
    assert f"{site.url}/long-virtual" in note
    assert f"{site.url}/virtual" not in note


def test_a_page_that_cannot_be_rendered_keeps_the_text_of_its_html(crawled: tuple[Run, Site]) -> None:
    result, site = crawled
    assert WORDS.strip() in markdown(result, "/hangs")
    notes = [note for note in result.manifest["notes"] if "could not be rendered" in note]
    assert len(notes) == 1
    assert f"{site.url}/hangs" in notes[0]
    assert not any("/hangs" in failed["url"] for failed in result.manifest["failures"])


def test_text_that_scripts_remove_is_kept(crawled: tuple[Run, Site]) -> None:
    assert WORDS.strip() in markdown(crawled[0], "/empties")


def test_no_text_asks_for_an_option_that_is_on(crawled: tuple[Run, Site]) -> None:
    assert "browser option" not in json.dumps(crawled[0].manifest)


def test_a_page_stays_as_it_was_read_if_asking_for_more_fails(tmp_path: Path) -> None:
    chromium()
    script = (
        f"root.innerHTML = '<h1>Loaves</h1><p>{WORDS * 3}</p><button onclick=big()>Load more</button>"
        "<p id=list></p>';"
        "const big = async () => { const text = await (await fetch('/big', { cache: 'no-store' })).text();"
        " list.textContent += ` More words, ${text.length} of them, that were added to the list.`; };"
    )
    pages: dict[str, Answer | str] = {
        "/": page("Home", f"<p>{WORDS}</p>" + links("/list")),
        "/list": f"<!doctype html><title>Loaves</title><div id=root></div><script>{script}</script>",
        "/big": Answer(b"x" * 4_000_000, headers={"Content-Type": "text/plain"}),
    }
    with serving(pages) as site:
        result = run(site.url, tmp_path, "--use-playwright", seconds=100).completed()
        assert site.paths.count("/big") > 1
    assert WORDS.strip() in markdown(result, "/list")
