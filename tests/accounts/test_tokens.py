"""Forged, stolen, modified and expired tokens are refused."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.parameters import clear_caches
from aws_lambda_powertools.utilities.parameters.constants import DEFAULT_PROVIDERS
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from llmready import bootstrap
from llmready.adapters.secrets import SigningKeys
from llmready.domain.clock import new_id, now
from llmready.domain.fingerprints import Fingerprints
from llmready.domain.tokens import Audience, check, issue
from testkit.service import Member, Service
from tests.accounts.conftest import KEY

SECRET, KID = KEY["secret"], KEY["kid"]
PUBLIC = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)
LEFT_OUT = object()
_TWISTED_IDS = ("../ID", "ID ", "ID\x00", "USER#ID", "ID#", " ID")


def encoded(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def signed(
    claims: object, header: object, key: str | bytes = SECRET, digest: Callable[..., Any] = hashlib.sha256
) -> str:
    body = f"{encoded(header)}.{encoded(claims)}"
    secret = key if isinstance(key, bytes) else key.encode()
    return f"{body}.{encoded(hmac.new(secret, body.encode(), digest).digest())}"


def claims_of(member: Member, **changes: object) -> dict[str, object]:
    """Return valid claims with changes, so that only the change can be the reason of a refusal."""
    now = int(time.time())
    claims = {
        "iss": "llmready",
        "aud": "llmready-access",
        "sub": member.id,
        "scope": member.family,
        "jti": new_id(),
        "iat": now - 5,
        "exp": now + 600,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not LEFT_OUT}


def header_of(**changes: object) -> dict[str, object]:
    header = {"alg": "HS256", "typ": "JWT", "kid": KID, **changes}
    return {name: value for name, value in header.items() if value is not LEFT_OUT}


def forgeries(member: Member, good: str) -> Iterator[tuple[str, str]]:
    """Iterate over invalid access tokens of ``member``; ``good`` is a valid one.

    All of them have correct signatures, except those of other keys.
    """
    yield from _wrong_claims(member)
    yield from _wrong_headers(member)
    yield from _wrong_keys(member)
    yield from _twisted(member, good)


def _wrong_claims(member: Member) -> Iterator[tuple[str, str]]:
    odd: list[object] = [None, "", 0, -1, True, [], {}, "x", ["llmready"], {"a": 1}, 1e308, "\x00", " "]
    for claim in ("iss", "aud", "sub", "jti", "iat", "exp"):
        yield f"no {claim}", signed(claims_of(member, **{claim: LEFT_OUT}), header_of())
        for value in odd:
            if (claim, value) in (("exp", 1e308), ("jti", "x"), ("jti", " "), ("jti", "\x00"), ("jti", "")):
                continue
            if claim == "iat" and value in (0, True, -1):
                continue
            yield f"{claim} is {value!r}", signed(claims_of(member, **{claim: value}), header_of())
    soon = int(time.time())
    others: dict[str, list[object]] = {
        "iss": ["LLMReady", "llmready ", "https://llmready", ["llmready"]],
        "aud": [
            "llmready-refresh",
            "llmready-download",
            "llmready",
            ["llmready-access"],
            ["llmready-access", "x"],
        ],
        "exp": [1, soon - 1, soon - 600, str(soon + 600), f"{soon}x", [soon + 600]],
        "iat": [soon + 60, soon + 86_400, 4_000_000_000, str(soon), [soon]],
        "nbf": [soon + 60, "x"],
        "sub": [
            new_id(),
            *(form.replace("ID", member.id) for form in _TWISTED_IDS),
            member.id.upper(),
            "0" * 4000,
        ],
        "scope": [
            LEFT_OUT,
            None,
            "",
            new_id(),
            *(form.replace("ID", member.family) for form in _TWISTED_IDS),
        ],
    }
    for claim, values in others.items():
        for value in values:
            yield f"{claim} is {str(value)[:30]}", signed(claims_of(member, **{claim: value}), header_of())
    for audience in Audience:
        if audience is not Audience.ACCESS:
            yield f"good for {audience}", signed(claims_of(member, aud=audience.value), header_of())
    bodies: tuple[Any, ...] = (None, [], "x", 5, {}, [claims_of(member)])
    for body in bodies:
        yield f"claims {body!r}"[:30], signed(body, header_of())
    yield "claims no json", signed(b"\xff\xfe{", header_of())
    yield "claims deep", signed(b"[" * 1000 + b"]" * 1000, header_of())


def _wrong_headers(member: Member) -> Iterator[tuple[str, str]]:
    claims = claims_of(member)
    for kid in (
        LEFT_OUT,
        None,
        "",
        "k0",
        "k1 ",
        "K1",
        1,
        True,
        [],
        [KID],
        {},
        {"k": KID},
        "../../k1",
        "k1\x00",
        "' OR 1=1 --",
        "/dev/null",
        "k" * 3000,
    ):
        yield f"kid {str(kid)[:20]}", signed(claims, header_of(kid=kid))
    for algorithm in (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        None,
        5,
        [],
        "HS1",
        "hs256",
        "HS 256",
        "HS256 ",
        "RS256",
        "ES256",
        "PS256",
        "EdDSA",
        "HS384",
        "HS512",
        "dir",
        "A128KW",
        ["HS256"],
    ):
        yield f"alg {algorithm}", signed(claims, header_of(alg=algorithm))
        yield (
            f"alg {algorithm}, no signature",
            signed(claims, header_of(alg=algorithm)).rpartition(".")[0] + ".",
        )
    yield "no alg", signed(claims, header_of(alg=LEFT_OUT))
    yield "HS384", signed(claims, header_of(alg="HS384"), digest=hashlib.sha384)
    yield "HS512", signed(claims, header_of(alg="HS512"), digest=hashlib.sha512)
    yield "crit", signed(claims, header_of(crit=["exp"]))
    yield "crit unknown", signed(claims, header_of(crit=["x"], x=1))
    yield "not encoded", signed(claims, header_of(b64=False, crit=["b64"]))
    headers: tuple[Any, ...] = (None, [], "x", 5)
    for header in headers:
        yield f"header {header!r}", signed(claims, header)
    yield "header no json", signed(claims, b"{]")


def _wrong_keys(member: Member) -> Iterator[tuple[str, str]]:
    claims = claims_of(member)
    own = {"kty": "oct", "k": encoded(b"k" * 64)}
    for key in ("k" * 64, "", "\x00", SECRET[:-1], SECRET + " ", SECRET.upper(), PUBLIC, KID, "null", "{}"):
        yield f"key {str(key)[:12]}", signed(claims, header_of(), key)
    for name, value in (
        ("jwk", own),
        ("jku", "https://evil.example/keys"),
        ("x5u", "https://evil.example/x"),
        ("x5c", ["MIIB"]),
        ("cty", "JWT"),
        ("zip", "DEF"),
    ):
        yield f"own {name}", signed(claims, header_of(**{name: value}), "k" * 64)
    yield "public key as secret", signed(claims, header_of(alg="RS256"), PUBLIC)
    yield "public key as secret, HS256", signed(claims, header_of(alg="HS256"), PUBLIC)


def _twisted(member: Member, good: str) -> Iterator[tuple[str, str]]:
    head, body, signature = good.split(".")
    yield "other claims under the signature", f"{head}.{encoded(claims_of(member, sub=new_id()))}.{signature}"
    yield "other header under the signature", f"{encoded(header_of(x=1))}.{body}.{signature}"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for position in range(0, len(signature), 3):
        other = alphabet[(alphabet.index(signature[position]) + 1) % 64]
        yield (
            f"signature bit {position}",
            f"{head}.{body}.{signature[:position]}{other}{signature[position + 1 :]}",
        )
    last = alphabet.index(signature[-1])
    for step in (1, 2, 3):
        yield f"another spelling {step}", f"{head}.{body}.{signature[:-1]}{alphabet[last ^ step]}"
    yield from (
        ("padded", good + "="),
        ("cut", good[:-1]),
        ("longer", good + "A"),
        ("doubled", f"{good}.{signature}"),
        ("no signature", f"{head}.{body}"),
        ("empty signature", f"{head}.{body}."),
        ("empty parts", ".."),
        ("reversed", good[::-1]),
        ("upper", good.upper()),
        ("percent", good.replace(".", "%2E")),
        ("blank inside", f"{head}. {body}.{signature}"),
        ("newline", good + "\nX"),
        ("NUL", good + "\x00"),
        ("ten kilobytes", "a" * 10_000),
        ("ten kilobytes behind", good + "a" * 10_000),
        ("long claims", signed(claims_of(member, x="a" * 8000), header_of())),
        ("two", f"{good} {good}"),
        ("comma", f"{good},{good}"),
        ("quotes", f'"{good}"'),
        ("bearer", f"Bearer {good}"),
        ("unicode", good + "é"),
        ("JSON", json.dumps({"payload": body, "signature": signature, "protected": head})),
    )


def refused(service: Service, token: str) -> bool:
    answer = service.ask("GET", "/auth/me", token=token)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.status == 401


def accepted(service: Service, token: str) -> bool:
    return service.ask("GET", "/auth/me", token=token).status == 200


def test_no_forged_token_is_accepted(service: Service) -> None:
    ada = service.person("ada.forged@example.org")
    good = ada.tokens["access_token"]
    assert ada.ask("GET", "/auth/me").status == 200
    assert service.ask("GET", "/auth/me", token=signed(claims_of(ada), header_of())).status == 200
    attempts = list(forgeries(ada, good))
    assert len(attempts) >= 200
    accepted = [name for name, token in attempts if not refused(service, token)]
    assert accepted == []


def test_no_forged_refresh_token_is_accepted(service: Service) -> None:
    ada = service.person("ada.forged.refresh@example.org")
    good = ada.tokens["refresh_token"]
    accepted = []
    for name, token in forgeries(ada, good):
        if name in ("good for llmready-refresh", "aud is llmready-refresh"):
            continue
        for path in ("refresh", "logout"):
            answer = service.ask("POST", f"/auth/{path}", {"refresh_token": token})
            if answer.status not in (401, 422):
                accepted.append((name, path, answer.status))
    # Correctly signed tokens of an unknown family or with an unknown ID are refused as well; the family stays valid.
    for scope in (LEFT_OUT, "nope", new_id(), ""):
        token = signed(claims_of(ada, aud="llmready-refresh", scope=scope), header_of())
        if service.ask("POST", "/auth/refresh", {"refresh_token": token}).status != 401:
            accepted.append((str(scope), "refresh", 200))
    assert accepted == []
    assert ada.refresh().status == 200


def _ways(member: Member) -> dict[str, str]:
    return {
        "refresh as access": member.tokens["refresh_token"],
        "download as access": issue(
            bootstrap.keys(), Audience.DOWNLOAD, subject=member.id, time=now(), lifetime=timedelta(hours=1)
        ),
    }


def test_a_token_is_accepted_only_for_its_own_audience(service: Service) -> None:
    ada = service.person("ada.kinds@example.org")
    for token in _ways(ada).values():
        assert refused(service, token)
    for token in (ada.tokens["access_token"], _ways(ada)["download as access"]):
        assert service.ask("POST", "/auth/refresh", {"refresh_token": token}).status == 401
        assert service.ask("POST", "/auth/verify-email", {"token": token}).status == 422
    access = ada.tokens["access_token"]
    path = f"/generations/{new_id()}/download?token={access}"
    assert service.ask("GET", path).status == 401


def test_reused_refresh_token_revokes_its_family(service: Service) -> None:
    ada = service.person("ada.reuse@example.org")
    other = service.signed_in(ada.address)
    stolen = ada.tokens["refresh_token"]
    newest = ada.refresh()
    assert newest.status == 200
    assert ada.refresh().status == 401
    again = service.ask("POST", "/auth/refresh", {"refresh_token": newest.json["refresh_token"]})
    assert again.status == 401
    assert service.ask("POST", "/auth/refresh", {"refresh_token": stolen}).status == 401
    assert other.refresh().status == 200


def test_expired_token_is_refused(service: Service) -> None:
    ada = service.person("ada.expired@example.org")
    for audience, lifetime in ((Audience.ACCESS, 900), (Audience.REFRESH, 30 * 86_400)):
        claims = check(bootstrap.keys(), audience, ada.tokens[f"{audience.value[9:]}_token"])
        # The end is a whole second, the beginning has its milliseconds.
        assert lifetime - 1 < claims.exp - claims.iat <= lifetime
    past = now() - timedelta(minutes=15, seconds=1)
    token = issue(
        bootstrap.keys(), Audience.ACCESS, subject=ada.id, time=past, lifetime=timedelta(minutes=15)
    )
    assert refused(service, token)


def store_keys(service: Service, **keys: object) -> None:
    """Store signing keys, as after the next read of every function."""
    secrets = service.place.emulator.client("secretsmanager")
    secrets.put_secret_value(SecretId=service.place.name, SecretString=json.dumps(keys))
    clear_caches()  # type: ignore[no-untyped-call]


K2 = {"kid": "k2", "secret": "t" * 64}
PREVIOUS = {"previous_kid": KID, "previous_secret": SECRET}


def test_two_keys_are_accepted_and_the_new_one_signs_from_its_time_on(service: Service) -> None:
    ada = service.person("ada.rotates@example.org")
    store_keys(service, **K2, **PREVIOUS, signs_from=(now() + timedelta(minutes=6)).isoformat())
    assert _kid(service.signed_in(ada.address)) == KID
    # A process whose clock is ahead signs with the new key: it is accepted already.
    assert accepted(service, signed(claims_of(ada), header_of(kid="k2"), "t" * 64))
    store_keys(service, **K2, **PREVIOUS, signs_from=(now() - timedelta(seconds=1)).isoformat())
    assert _kid(service.signed_in(ada.address)) == "k2"
    assert ada.ask("GET", "/auth/me").status == 200
    fresh = ada.refresh()
    assert fresh.status == 200
    store_keys(
        service,
        kid="k3",
        secret="u" * 64,
        previous_kid="k2",
        previous_secret="t" * 64,
        signs_from=now().isoformat(),
    )
    assert refused(service, ada.tokens["access_token"])
    assert accepted(service, fresh.json["access_token"])
    assert refused(service, signed(claims_of(ada), header_of(kid=None), "u" * 64))


def test_the_previous_key_verifies_access_tokens_only_for_their_lifetime(service: Service) -> None:
    ada = service.person("ada.previous@example.org")
    # Somebody who has the previous key can create tokens with any time of issue.
    forged = signed(claims_of(ada), header_of())
    store_keys(service, **K2, **PREVIOUS, signs_from=(now() - timedelta(minutes=14)).isoformat())
    assert accepted(service, forged)
    store_keys(service, **K2, **PREVIOUS, signs_from=(now() - timedelta(minutes=17)).isoformat())
    assert refused(service, forged)
    # A refresh token is stored state as well, so nobody is signed out by a rotation.
    answer = ada.refresh()
    assert answer.status == 200
    store_keys(service, **K2, **PREVIOUS, signs_from=(now() - timedelta(days=31)).isoformat())
    other = service.ask("POST", "/auth/refresh", {"refresh_token": ada.tokens["refresh_token"]})
    assert other.status == 401


def test_keys_are_read_again_for_an_unknown_key_id(service: Service) -> None:
    ada = service.person("ada.unknown.key@example.org")
    secrets = service.place.emulator.client("secretsmanager")
    secrets.put_secret_value(SecretId=service.place.name, SecretString=json.dumps(K2))
    # This process has read the keys within the last minute.
    assert accepted(service, signed(claims_of(ada), header_of(kid="k2"), "t" * 64))
    assert refused(service, ada.tokens["access_token"])


def test_invented_key_ids_do_not_cause_a_read_for_each_request(service: Service) -> None:
    ada = service.person("ada.many.keys@example.org")
    reads: list[object] = []
    client = DEFAULT_PROVIDERS["secrets"].client
    client.meta.events.register("before-call", lambda **_: reads.append(1))
    for number in range(20):
        assert refused(service, signed(claims_of(ada), header_of(kid=f"made-up-{number}"), "t" * 64))
    assert len(reads) <= 1


def test_fingerprints_stay_when_the_signing_key_changes() -> None:
    first = SigningKeys(kid="k1", secret="s" * 64)
    second = SigningKeys(kid="k2", secret="t" * 64, fingerprint_secret=first.fingerprint_key)
    assert second.fingerprint_key == first.fingerprint_key
    assert SigningKeys(kid="k2", secret="t" * 64).fingerprint_key != first.fingerprint_key
    one, other = Fingerprints(lambda: first.fingerprint_key), Fingerprints(lambda: "another key")
    assert one.of_address("ADA@example.org") == one.of_address("ada@example.org")
    assert one.of_address("ada@example.org") != other.of_address("ada@example.org")
    assert one.of_address("ada@example.org") != one.of_network("ada@example.org")


def test_without_a_previous_key_the_new_key_signs_at_once() -> None:
    keys = SigningKeys(kid="k1", secret="s", signs_from=now() + timedelta(hours=1))
    assert keys.signing(now()) == ("k1", "s")


def _kid(member: Member) -> str:
    head = member.tokens["access_token"].split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=="))["kid"])
