"""What has to be known when somebody comes back from the identity provider.

It travels in a cookie of the browser that left, encrypted, so that any worker can go on with it,
nothing is stored for people who never come back, and nobody can bring a login of his own into
another's browser.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

LIFETIME = timedelta(minutes=10)
_HEADER = {"alg": "dir", "enc": "A256GCM"}
_RANDOM_SIZE_BYTES = 32


class LoginFlow(msgspec.Struct, frozen=True):
    """One way to the provider and back.

    Attributes:
        state: the answer has to bring it along.
        nonce: the ID token has to name it.
        verifier: proves to the provider that who changes the code is who asked for it (RFC 7636).
    """

    state: str
    nonce: str
    verifier: str
    expires_time: datetime

    @property
    def challenge(self) -> str:
        """What the provider may know of the verifier beforehand."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class LoginFlows:
    """Begins flows, and seals them for the way."""

    def __init__(self, secret_key: str, now: Callable[[], datetime]) -> None:
        self._key = OctKey.import_key(
            hmac.digest(secret_key.encode(), b"anomaly login flow", "sha256")
        )
        self._now = now

    def begin(self) -> LoginFlow:
        """Return a new flow."""
        return LoginFlow(_random(), _random(), _random(), self._now() + LIFETIME)

    def seal(self, flow: LoginFlow) -> str:
        """Return a flow in a form that nobody else can read or make."""
        return jwe.encrypt_compact(_HEADER, msgspec.json.encode(flow), self._key)

    def unseal(self, sealed: str) -> LoginFlow | None:
        """Return a flow; None if it is not one of ours or too old."""
        try:
            opened = jwe.decrypt_compact(sealed, self._key, algorithms=list(_HEADER.values()))
            flow = msgspec.json.decode(opened.plaintext or b"", type=LoginFlow)
        except (JoseError, msgspec.DecodeError, ValueError, TypeError, RecursionError):
            return None
        return flow if flow.expires_time > self._now() else None


def _random() -> str:
    return secrets.token_urlsafe(_RANDOM_SIZE_BYTES)
