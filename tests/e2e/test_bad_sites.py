"""Generations of unreadable sites fail with a specific code, give the quota back and leave no processes."""

import datetime as dt
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testkit.sites import Answer, page, serve
from testkit.system import Person, System, wait_for

pytestmark = pytest.mark.e2e

ROBOTS = "/robots.txt"


def _errors(path: str, _url: str) -> Answer:
    return Answer("broken", status=404 if path == ROBOTS else 500)


def _missing(_path: str, _url: str) -> Answer:
    return Answer("nothing here", status=404)


def _empty(path: str, _url: str) -> Answer:
    return Answer("", status=404 if path == ROBOTS else 200)


def _elsewhere(path: str, _url: str) -> Answer:
    if path == ROBOTS:
        return Answer("", status=404)
    return Answer("", status=302, headers=(("Location", "https://somewhere-else.example.net/"),))


def _forbidden(path: str, _url: str) -> Answer:
    if path == ROBOTS:
        return Answer("User-agent: *\nDisallow: /\n", content_type="text/plain")
    return Answer(page("Secret", "Nobody should read this."))


def _binary(path: str, _url: str) -> Answer:
    if path == ROBOTS:
        return Answer("", status=404)
    return Answer("\x00\x01", content_type="application/octet-stream")


def _inward(path: str, _url: str) -> Answer:
    if path == ROBOTS:
        return Answer("", status=404)
    return Answer("", status=302, headers=(("Location", "http://169.254.169.254/latest/meta-data/"),))


CASES = {
    "errors": (_errors, "server_error"),
    "missing": (_missing, "http_error"),
    "empty": (_empty, "no_pages"),
    "elsewhere": (_elsewhere, "redirects_elsewhere"),
    "forbidden": (_forbidden, "robots_disallowed"),
    "binary": (_binary, "not_html"),
    "inward": (_inward, "redirects_elsewhere"),
    "certificate": (_missing, "bad_certificate"),
    "down": (None, "connection_failed"),
}


@pytest.fixture(scope="module")
def ended(
    system: System, site_ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Person, dict[str, dict[str, object]]]]:
    """Generate all bad sites at once for one user; return the generations with the requests that each site got."""
    person = system.confirm(system.user("pro"))
    started: dict[str, str] = {}
    with ExitStack() as stack:
        for port, (name, (answer, _)) in zip(site_ports, CASES.items(), strict=False):
            tls = _self_signed(tmp_path_factory.mktemp("tls")) if name == "certificate" else None
            scheme = "https" if tls else "http"
            if answer is not None:
                stack.enter_context(serve(answer, port=port, tls=tls))
            started[name] = person.start(person.website(f"{scheme}://127.0.0.1:{port}/", name=name))
        yield person, {name: person.finished(generation) for name, generation in started.items()}


@pytest.mark.parametrize("name", CASES)
def test_bad_sites_fail_with_a_specific_code(
    name: str, ended: tuple[Person, dict[str, dict[str, object]]]
) -> None:
    _, generations = ended
    found = generations[name]
    assert (found["status"], found["error_code"]) == ("failed", CASES[name][1]), found
    assert str(found["error_message"]).endswith(".")
    assert not found["can_download"]
    assert found["sha256"] is None


def test_nothing_is_charged_and_nothing_stays_locked(
    system: System, ended: tuple[Person, dict[str, dict[str, object]]]
) -> None:
    person, generations = ended
    assert person.quota()["generations_used"] == 0
    history = person.http.get("/generations/history", params={"status": "failed"}).json()
    assert history["total"] == len(CASES) == len(history["items"])
    websites = {entry["website_id"] for entry in history["items"]}
    failed = "the generation failed"
    wait_for(lambda: sum(person.email in mail and failed in mail for mail in system.mails()) == len(CASES))
    assert not any(person.email in mail and "files are ready" in mail for mail in system.mails())
    found = system.aws("s3").list_objects_v2(Bucket=system.endpoints["bucket"], Prefix="generations/")
    keys = [entry["Key"] for entry in found.get("Contents", []) if entry["Key"].endswith(".zip")]
    assert not any(str(generation["id"]) in key for generation in generations.values() for key in keys)
    for website in websites:
        assert person.http.delete(f"/websites/{website}").status_code == 200


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "site.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
