"""A little OpenID provider on a real socket, and the browser of somebody who logs in through it.

It keeps the rules itself: a code is good once, for whoever has the secret and the PKCE verifier. A
test bends what it answers.
"""

import base64
import functools
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

CLIENT_ID = "anomaly-test"
CLIENT_SECRET = "a secret: with/odd+letters"
CALLBACK = "http://127.0.0.1:9/api/auth/oidc/callback"


@functools.cache
def rsa_key(kid: str) -> Key:
    """Return a key of that name, the same one each time: they take long to make."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def ec_key(kid: str) -> Key:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


class OidcProvider:
    """Attributes say how it answers.

    Attributes:
        person: claims of who logs in next.
        bend: changes the claims of the ID token before it is signed.
        sign: makes the ID token; by default with the last key.
        delay: is waited for before each answer.
        statuses: by path, what is answered instead.
    """

    def __init__(self) -> None:
        self.keys: list[Key] = [rsa_key("first")]
        self.algorithm = "RS256"
        self.person: dict[str, Any] = {"sub": "subject-1"}
        self.bend: Callable[[dict[str, Any]], None] = lambda _: None
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.told_issuer: str | None = None
        self.gate: threading.Event | None = None
        self.statuses: dict[str, int] = {}
        self.metadata: dict[str, Any] = {}
        self.reads: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def rotate(self, key: Key, algorithm: str) -> None:
        self.keys = [key]
        self.algorithm = algorithm

    def signed(self, claims: dict[str, Any]) -> str:
        key = self.keys[-1]
        header = {"alg": self.algorithm, "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the browser goes once somebody has shown who he is."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.told_issuer or self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        expected = "&".join((CLIENT_ID, urlencode({"": CLIENT_SECRET})[1:])).replace("&", ":")
        if authorization != "Basic " + base64.b64encode(expected.encode()).decode():
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        self.bend(claims)
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self.sign(claims)}

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
        } | self.metadata

    def answer(self, path: str, body: str, authorization: str) -> tuple[int, Any]:
        self.reads.append(path)
        if self.gate is not None:
            self.gate.wait(30)
        if path in self.statuses:
            return self.statuses[path], {}
        if path == "/.well-known/openid-configuration":
            return 200, self.described()
        if path == "/keys":
            odd = [{"kty": "odd", "kid": "x"}, {"kty": "RSA", "kid": "broken"}]
            return 200, {"keys": odd + [key.as_dict(private=False) for key in self.keys]}
        if path == "/token":
            form = {name: values[0] for name, values in parse_qs(body).items()}
            return self.exchange(form, authorization)
        return 404, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                status, document = provider.answer(
                    urlsplit(self.path).path,
                    self.rfile.read(length).decode(),
                    self.headers.get("authorization") or "",
                )
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815 - named by the library

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        return Handler


@contextmanager
def running_provider() -> Iterator[OidcProvider]:
    provider = OidcProvider()
    provider.start()
    try:
        yield provider
    finally:
        if provider.gate is not None:
            provider.gate.set()
        provider.stop()


async def begun(client: httpx.AsyncClient) -> dict[str, str]:
    """Return what the gateway asks the provider for; its cookie is then in the client."""
    answer = await client.get("/api/auth/oidc/login")
    assert answer.status_code == 303, answer.text
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
    }


async def come_back(client: httpx.AsyncClient, location: str, **changes: str) -> httpx.Response:
    """Bring the provider's answer to the callback."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    return await client.get("/api/auth/oidc/callback", params=query | changes)


async def log_in(client: httpx.AsyncClient, provider: OidcProvider) -> httpx.Response:
    return await come_back(client, provider.authorize(await begun(client)))
