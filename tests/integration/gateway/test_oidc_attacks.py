"""What a forged, stolen or misdirected answer of an identity provider gets, and a failing one."""

import base64
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.integration.gateway.test_oidc import configured, me
from tests.support.oidc_provider import (
    CLIENT_ID,
    OidcProvider,
    begun,
    come_back,
    ec_key,
    log_in,
    rsa_key,
    running_provider,
)

Claims = dict[str, Any]


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with running_provider() as running:
        running.person["roles"] = ["team"]
        yield running


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """One database is enough here: none of these comes so far."""
    path = tmp_path / "gateway.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def locked(open_gateway: Any, provider: OidcProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with open_gateway(**configured(provider)) as client:
        yield client


def unsigned(header: Claims, claims: Claims, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


BENT: dict[str, Callable[[Claims], object]] = {
    "nonce": lambda claims: claims.update(nonce="another"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "nonces": lambda claims: claims.update(nonce=[claims["nonce"]]),
    "audience": lambda claims: claims.update(aud="another-client"),
    "no audience": lambda claims: claims.pop("aud"),
    "audiences without azp": lambda claims: claims.update(aud=[CLIENT_ID, "another"]),
    "azp": lambda claims: claims.update(azp="another"),
    "issuer": lambda claims: claims.update(iss="https://evil.example"),
    "issuers": lambda claims: claims.update(iss=[claims["iss"]]),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 120),
    "never expires": lambda claims: claims.pop("exp"),
    "from the future": lambda claims: claims.update(iat=int(time.time()) + 3600),
    "not yet": lambda claims: claims.update(nbf=int(time.time()) + 3600),
    "no subject": lambda claims: claims.pop("sub"),
    "empty subject": lambda claims: claims.update(sub=""),
    "odd subject": lambda claims: claims.update(sub="a\x00b"),
    "long subject": lambda claims: claims.update(sub="x" * 256),
}


@pytest.mark.parametrize("case", BENT)
async def test_token_with_wrong_claims_is_refused(
    locked: httpx.AsyncClient, provider: OidcProvider, case: str
) -> None:
    provider.bend = lambda claims: BENT[case](claims) and None
    answer = await log_in(locked, provider)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "IDENTITY_REFUSED")


SIGNED: dict[str, Callable[[OidcProvider, Claims], str]] = {
    "alg none": lambda _, claims: unsigned({"alg": "none", "kid": "first"}, claims),
    "no kid and none": lambda _, claims: unsigned({"alg": "None"}, claims),
    "another key": lambda _, claims: jwt.encode(
        {"alg": "RS256", "kid": "first"}, claims, rsa_key("another")
    ),
    "key that nobody shows": lambda _, claims: jwt.encode(
        {"alg": "ES256", "kid": "mine"}, claims, ec_key("mine"), algorithms=["ES256"]
    ),
    "public key as secret": lambda provider, claims: jwt.encode(
        {"alg": "HS256", "kid": "first"},
        claims,
        OctKey.import_key(json.dumps(provider.keys[0].as_dict(private=False))),
    ),
    "key brought along": lambda _, claims: jwt.encode(
        {"alg": "RS256", "jwk": rsa_key("x").as_dict(private=False)}, claims, rsa_key("x")
    ),
    "cut off": lambda provider, claims: provider.signed(claims)[:-20],
    "no token": lambda *_: "",
    "nonsense": lambda *_: "a.b.c",
}


@pytest.mark.parametrize("case", SIGNED)
async def test_token_with_a_wrong_signature_is_refused(
    locked: httpx.AsyncClient, provider: OidcProvider, case: str
) -> None:
    provider.sign = lambda claims: SIGNED[case](provider, claims)
    answer = await log_in(locked, provider)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "IDENTITY_REFUSED")


async def test_several_audiences_are_fine_when_we_are_the_party(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    provider.bend = lambda claims: claims.update(aud=[CLIENT_ID, "another"], azp=CLIENT_ID)
    assert (await log_in(locked, provider)).status_code == 200


async def test_code_is_good_once_and_for_its_own_flow(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    stolen = provider.authorize(await begun(locked))
    code = httpx.URL(stolen).params["code"]
    mine = provider.authorize(await begun(locked))
    injected = await come_back(locked, mine, code=code)
    assert injected.json()["error_code"] == "IDENTITY_REFUSED"
    cookies = dict(locked.cookies)
    answer = await come_back(locked, provider.authorize(await begun(locked)))
    assert answer.status_code == 200
    location = provider.authorize(await begun(locked))
    cookies = dict(locked.cookies)
    assert (await come_back(locked, location)).status_code == 200
    for name, value in cookies.items():
        locked.cookies.set(name, value, path="/api/auth/oidc")
    again = await come_back(locked, location)
    assert again.json()["error_code"] == "IDENTITY_REFUSED"


async def test_answer_of_another_provider_never_gets_the_code_to_ours(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    provider.told_issuer = "https://evil.example"
    assert (await log_in(locked, provider)).json()["error_code"] == "IDENTITY_REFUSED"
    assert "/token" not in provider.reads


async def test_issuer_has_to_be_told_where_the_provider_promises_it(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    provider.metadata["authorization_response_iss_parameter_supported"] = True
    location = provider.authorize(await begun(locked))
    assert (await come_back(locked, location, iss="")).status_code == 401
    assert (await log_in(locked, provider)).status_code == 200


async def test_changed_keys_are_noticed_and_documents_are_kept(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    for _ in range(2):
        await me(locked, await log_in(locked, provider))
    provider.rotate(ec_key("second"), "ES256")
    for _ in range(2):
        await me(locked, await log_in(locked, provider))
    provider.rotate(rsa_key("third"), "PS256")
    await me(locked, await log_in(locked, provider))
    assert provider.reads.count("/keys") == 3
    assert provider.reads.count("/.well-known/openid-configuration") == 1


def unavailable(answer: httpx.Response) -> bool:
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "5"
    return bool(answer.json()["error_code"] == "IDENTITY_PROVIDER_UNAVAILABLE")


async def test_provider_that_is_down_is_unavailable_and_comes_back(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    provider.statuses["/.well-known/openid-configuration"] = 500
    assert unavailable(await locked.get("/api/auth/oidc/login"))
    provider.statuses.clear()
    for path in ("/token", "/keys"):
        provider.statuses[path] = 502
        assert unavailable(await log_in(locked, provider))
        provider.statuses.clear()
    assert (await log_in(locked, provider)).status_code == 200
    location = provider.authorize(await begun(locked))
    provider.stop()
    assert unavailable(await come_back(locked, location))


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_provider_that_describes_itself_wrongly_is_not_used(
    locked: httpx.AsyncClient, provider: OidcProvider, metadata: Claims
) -> None:
    provider.metadata |= metadata
    assert unavailable(await locked.get("/api/auth/oidc/login"))


async def test_wrong_client_secret_is_our_own_matter(
    open_gateway: Any, provider: OidcProvider
) -> None:
    config = configured(provider)
    provider.statuses["/token"] = 401
    async with open_gateway(**config) as client:
        assert unavailable(await log_in(client, provider))


async def test_slow_provider_is_given_up(open_gateway: Any, provider: OidcProvider) -> None:
    provider.gate = threading.Event()
    async with open_gateway(**configured(provider, timeout_ms=100)) as client:
        assert unavailable(await client.get("/api/auth/oidc/login"))
        assert (await client.get("/health")).status_code == 200
        provider.gate.set()
        assert (await log_in(client, provider)).status_code == 200


async def test_endless_answer_is_given_up(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    provider.metadata["padding"] = "x" * 1_000_000
    assert unavailable(await locked.get("/api/auth/oidc/login"))
