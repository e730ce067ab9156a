"""URL rules: one form for each page."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmready.crawler.engine.scope import adopt, same_registrable
from llmready.crawler.urls import BadUrl, join, parse, parse_typed
from llmready.patterns import Patterns

BASE = parse("https://example.com/a/b/c.html?x=1")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://example.com:443/a#top", "https://example.com/a"),
        ("https://example.com./", "https://example.com/"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com/a/./b/../c/", "https://example.com/a/c/"),
        ("https://example.com/../../a", "https://example.com/a"),
        ("https://example.com/a/..", "https://example.com/"),
        ("https://example.com/%7euser/%e4/%2f", "https://example.com/~user/%E4/%2F"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/ä?ö=ü", "https://example.com/%C3%A4?%C3%B6=%C3%BC"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com/?utm_source=a&q=1&fbclid=x&UTM_Medium=y", "https://example.com/?q=1"),
        ("https://example.com/?utm_source=a", "https://example.com/"),
        ("https://example.com/a;jsessionid=12AB?q=1", "https://example.com/a?q=1"),
        ("  https://exa\nmple.com/a\tb  ", "https://example.com/ab"),
        ("https:\\\\example.com\\a", "https://example.com/a"),
        ("https://example.com?q", "https://example.com/?q"),
        ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://93.184.216.34/", "http://93.184.216.34/"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/o'clock?o'clock", "https://example.com/o'clock?o%27clock"),
    ],
)
def test_parse(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


NO_URLS = [
    "example.com",
    "//example.com/",
    "ftp://example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "http://",
    "https:///",
    "http://exa_mple..com/",
    "http://-a.com/",
    "http://user@example.com/",
    "http://user:pw@example.com/",
    "http://example.com:0/",
    "http://example.com:x/",
    "http://example.com:65536/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.0x1/",
    "http://1.2.3.4.5/",
    "http://1.2.3/",
    "http://[::1",
    "http://[fe80::1%25eth0]/",
    "https://[2606:4700::1111%25x]/",
    "https://[2606:4700::1111%1]/",
    "http://[::1]x/",
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.⓪.⓪.①.②/",
    "http://a.0xg1.1x1.01/",
]


@pytest.mark.parametrize(
    "text",
    [
        *NO_URLS,
        "",
        "http://a b/",
        "http://example.com\x00.evil/",
        f"http://{'a' * 64}.com/",
        "http://exa mple.com/",
        f"http://example.com/{'a' * 3000}",
    ],
)
def test_texts_that_are_not_urls(text: str) -> None:
    with pytest.raises(BadUrl) as caught:
        parse(text)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("example.com", "https://example.com/"),
        (" Example.com/Docs ", "https://example.com/Docs"),
        ("//example.com/Docs", "https://example.com/Docs"),
        ("example.com:8443/a", "https://example.com:8443/a"),
        ("http://example.com", "http://example.com/"),
    ],
)
def test_as_people_type_it(text: str, canonical: str) -> None:
    assert str(parse_typed(text)) == canonical


@pytest.mark.parametrize(
    "text", ["", "javascript:alert(1)", "mailto:a@b.c", "ftp://example.com", "a:b@example.com"]
)
def test_invalid_addresses_are_refused_with_a_reason(text: str) -> None:
    with pytest.raises(BadUrl):
        parse_typed(text)


@pytest.mark.parametrize("text", ["/foo", " /foo/bar.html", "\\foo", "/"])
def test_a_path_alone_is_no_address(text: str) -> None:
    with pytest.raises(BadUrl, match="it should begin with https://"):
        parse_typed(text)


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("d.html", "https://example.com/a/b/d.html"),
        ("./d.html#x", "https://example.com/a/b/d.html"),
        ("../d/", "https://example.com/a/d/"),
        ("..", "https://example.com/a/"),
        ("/d", "https://example.com/d"),
        ("//other.example/d", "https://other.example/d"),
        ("?p=2", "https://example.com/a/b/c.html?p=2"),
        ("", "https://example.com/a/b/c.html?x=1"),
        ("#x", "https://example.com/a/b/c.html?x=1"),
        ("https:d", "https://example.com/a/b/d"),
        ("https:/d", "https://example.com/d"),
        ("HTTPS:/\\other.example/d", "https://other.example/d"),
        ("https:\\d", "https://example.com/d"),
        ("https:?p=2", "https://example.com/a/b/c.html?p=2"),
        ("https:#x", "https://example.com/a/b/c.html?x=1"),
        ("https:///other.example/d", "https://other.example/d"),
        ("http:/other.example/d", "http://other.example/d"),
        ("http:other.example/d", "http://other.example/d"),
        (" ?p=2", "https://example.com/a/b/c.html?p=2"),
        ("\n\t?p=2", "https://example.com/a/b/c.html?p=2"),
        (" #x", "https://example.com/a/b/c.html?x=1"),
        ("ht\ntps:\t?p=2", "https://example.com/a/b/c.html?p=2"),
        (" \n", "https://example.com/a/b/c.html?x=1"),
        ("http://example.com/d", "http://example.com/d"),
        ("d?u=http://x/", "https://example.com/a/b/d?u=http://x/"),
        ("\\d", "https://example.com/d"),
        ("javascript:alert(1)", None),
        ("JAVA\tSCRIPT:alert(1)", None),
        ("mailto:a@b.c", None),
        ("tel:1", None),
        ("data:text/html,x", None),
        ("http://user:pw@example.com/", None),
    ],
)
def test_join(href: str, target: str | None) -> None:
    found = join(BASE, href)
    assert (str(found) if found else None) == target


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a", "/a/"),
        ("/a/", "/a/index.html"),
        ("/", "/index.php"),
        ("/a?x=1&y=2", "/a/?y=2&x=1"),
        ("/a//b", "/a/b"),
    ],
)
def test_same_page(one: str, other: str) -> None:
    assert parse(f"https://e.com{one}").key == parse(f"https://e.com{other}").key


@pytest.mark.parametrize(("one", "other"), [("/a", "/A"), ("/a", "/a?x=1"), ("/a", "/a.html"), ("/", "/a")])
def test_another_page(one: str, other: str) -> None:
    assert parse(f"https://e.com{one}").key != parse(f"https://e.com{other}").key


hrefs = st.text(max_size=60) | st.text(alphabet="ab/.?#%:\\@&=; 2eE\t\x00é", max_size=40)


@given(hrefs)
def test_joined_urls_are_canonical_and_safe(href: str) -> None:
    found = join(BASE, href)
    assume(found is not None)
    assert found is not None
    text = str(found)
    assert text.isascii()
    assert text.isprintable()
    assert not set(text) & set(" <>\"'`{}|\\^#") - {"'"}
    assert found.scheme in ("http", "https")
    assert "@" not in found.host
    assert "/../" not in found.path
    assert found.path.startswith("/")
    assert parse(text) == found


@given(hrefs, hrefs)
def test_joining_is_consistent(first: str, second: str) -> None:
    base = join(BASE, first) or BASE
    found = join(base, second)
    assert found is None or join(found, str(found)) == found
    assert found is None or join(found, found.target) == found


@given(st.text(max_size=80))
def test_parsing_raises_nothing_else(text: str) -> None:
    for read in (parse, parse_typed):
        try:
            found = read(text)
        except BadUrl:
            continue
        assert parse(str(found)) == found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://example.com/", "https://example.com/", True),
        ("http://example.com/", "https://www.example.com/x", True),
        ("https://www.example.com/", "http://example.com/", True),
        ("https://example.com/", "https://docs.example.com/", True),
        ("https://www.example.com/", "https://docs.example.com/", True),
        ("https://example.com/", "https://example.org/", False),
        ("https://example.com/", "https://notexample.com/", False),
        ("https://example.com/", "https://example.com.evil.org/", False),
        ("https://a.github.io/", "https://b.github.io/", False),
        ("https://example.com/", "https://com/", False),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:9000/", False),
        ("http://1.2.3.4/", "http://3.4/".replace("3.4", "4.3.2.1"), False),
        ("http://example.com/", "https://example.com:8443/", False),
    ],
)
def test_registrable_name(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert same_registrable(parse(one), parse(other)) is same


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://example.com/x", "https://example.com/x"),
        ("http://example.com/x", "https://example.com/x"),
        ("http://www.example.com/x?q", "https://example.com/x?q"),
        ("https://docs.example.com/x", None),
        ("https://example.com:8443/x", None),
        ("https://example.org/x", None),
    ],
)
def test_hosts_that_belong_to_the_site(url: str, own: str | None) -> None:
    found = adopt(BASE, parse(url))
    assert (str(found) if found else None) == own


@pytest.mark.parametrize(
    ("pattern", "path", "wanted"),
    [
        ("/docs/*", "/docs/a/b", True),
        ("/docs/*", "/docs", False),
        ("/docs/*", "/docs-old/a", False),
        ("/docs/**", "/docs/a/b", True),
        ("/docs", "/docs", True),
        ("/docs", "/docs/a", True),
        ("/docs", "/docs?x=1", True),
        ("/docs", "/docs-old", False),
        ("/docs/", "/docs/a", True),
        ("*.html", "/a/b.html", True),
        ("*.html", "/a/b.html?x=1", True),
        ("*.html", "/a/b.php", False),
        ("blog/*", "/en/blog/x", True),
        ("blog/*", "/myblog/x", False),
        ("blog", "/myBlog/x", True),
        ("https://example.com/docs/*", "/docs/a", True),
        ("/caf%C3%A9", "/caf%C3%A9/x", True),
        ("/v?/x", "/v2/x", True),
    ],
)
def test_patterns(pattern: str, path: str, wanted: bool) -> None:  # noqa: FBT001
    assert Patterns(include=[pattern]).wants(path) is wanted
    assert Patterns(exclude=[pattern]).wants(path) is not wanted


def test_no_pattern_is_slow() -> None:
    patterns = Patterns(include=["*a" * 200 + "b"])
    assert not patterns.wants("/" + "a" * 1900)


def test_url_is_a_plain_value() -> None:
    assert BASE._replace() == BASE
