# ruff: noqa: RUF001 - look-alike characters are what this is about
"""URLs that do not lead to a public website are refused with a reason and not stored."""

import pytest

from testkit.emulator import Place
from tests.functions.member import member

BAD = [
    "", " ", "http://", "https:///path", "://example.com", "ht!tp://example.com",
    "ftp://example.com", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "mailto:a@example.com",
    "gopher://example.com", "ws://example.com", "blob:https://example.com/x", "view-source:https://example.com",
    "s3://bucket/key", "about:blank", "tel:123",
    "https://user@example.com", "https://user:secret@example.com", "https://@example.com",
    "https://example.com:secret@evil.org",
    "http://127.0.0.1", "http://127.1", "http://2130706433", "http://0x7f000001", "http://0177.0.0.1", "http://0",
    "http://10.0.0.1", "http://172.16.0.1", "http://192.168.1.1", "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1", "http://0.0.0.0", "http://255.255.255.255", "http://224.0.0.1", "http://192.0.2.1",
    "http://[::1]", "http://[::]", "http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]", "http://[fe80::1]",
    "http://[fc00::1]", "http://[64:ff9b::7f00:1]", "http://[2002:7f00:1::]", "http://[2001:db8::1]",
    "http://[::a9fe:a9fe]", "http://[fe80::1%25eth0]", "https://[2606:4700::1111%25x]/", "https://[2606:4700::1111%1]/",
    'https://[2606:4700::1111%"><b>]/', "http://[::1", "http://1.2.3.4.5",
    "http://１２７.０.０.１", "http://127。0。0。1", "http://①②⑦.0.0.1",
    "https://example.com:0", "https://example.com:99999", "https://example.com:-1", "https://example.com:x",
    "https://example.com:22", "https://example.com:8080", "https://example.com:6379",
    "localhost", "http://localhost", "http://localhost.", "http://a.localhost", "http://printer", "http://a.local",
    "http://db.internal", "http://x.onion", "http://1.0.0.127.in-addr.arpa", "http://metadata.google.internal",
    "https://exa mple.com", "https://example.com/\x00", "https://example.com/\r\nX: y", "https://example.com\\@evil.org",
    "https://example.com/\u202egnp.exe", "https://exam\u200bple.com/", "https://-example.com", "https://example-.com",
    "https://" + "a" * 64 + ".com", "https://" + "a." * 130 + "com", "https://..", "https://example..com",
    "https://*.example.com", "https://exa$mple.com", "https://example.com/" + "a" * 10_240,
    7, None, True, ["https://example.com"], {"url": "https://example.com"},
]  # fmt: skip


@pytest.mark.usefixtures("calls")
def test_each_bad_url_is_refused(place: Place) -> None:
    ada = member(place)
    for start in range(0, len(BAD), 50):
        some = BAD[start : start + 50]
        status, answer = ada.ask("POST", "/websites/bulk", {"create": [{"url": url} for url in some]})
        assert status == 200
        for url, result in zip(some, answer["results"], strict=True):
            assert result["status"] == 422, (url, result)
            assert result["error"]["errors"][0]["field"] == "url", (url, result)
            assert result["error"]["detail"].endswith("."), (url, result)
    for url in ("ftp://example.com", "https://user@example.com", "https://example.com/" + "a" * 10_240):
        status, problem = ada.ask("POST", "/websites", {"url": url})
        assert (status, problem["errors"][0]["field"]) == (422, "url")
    assert ada.ask("GET", "/websites")[1]["total"] == 0


@pytest.mark.usefixtures("calls")
def test_look_alike_host_is_shown_in_ascii(place: Place) -> None:
    """Names in other scripts are stored and shown in their ASCII form, so that no name looks like another one."""
    ada = member(place)
    for typed, shown in (
        ("https://\u0430pple.com", "xn--pple-43d.com"),
        ("https://münchen.de", "xn--mnchen-3ya.de"),
        ("https://ｅｘａｍｐｌｅ.com", "example.com"),
        ("https://EXAMPLE.org.", "example.org"),
    ):
        status, website = ada.ask("POST", "/websites", {"url": typed})
        assert status == 201, website
        assert (website["url"], website["name"]) == (f"https://{shown}", shown)
    status, problem = ada.ask("POST", "/websites", {"url": "https://xn--mnchen-3ya.de/"})
    assert (status, problem["code"]) == (409, "website_exists")
