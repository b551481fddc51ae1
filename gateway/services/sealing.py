"""Secrets that have to be read again: encrypted with a key made of SECRET_KEY.

AES-256-GCM in the form of a JWE, which names what the secret belongs to, so that it cannot be put
under something else. Without SECRET_KEY, which only development on a loopback address goes without,
a secret is stored as it is.
"""

import base64
import hmac
import secrets

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_ALGORITHM, _ENCRYPTION = "dir", "A256GCM"
_PLAIN = "plain:"
_PREFIX = "whsec_"
_SIZE_BYTES = 32


class Sealing:
    """Seals and unseals secrets of webhooks."""

    def __init__(self, secret_key: str) -> None:
        self._key = (
            OctKey.import_key(hmac.digest(secret_key.encode(), b"anomaly webhooks", "sha256"))
            if secret_key
            else None
        )

    def seal(self, secret: str, owner: str) -> str:
        """Return the form in which a secret is stored."""
        if self._key is None:
            return _PLAIN + secret
        header = {"alg": _ALGORITHM, "enc": _ENCRYPTION, "kid": owner}
        return jwe.encrypt_compact(header, secret.encode(), self._key)

    def unseal(self, sealed: str, owner: str) -> str | None:
        """Return a secret; None when it was sealed with another key, or for somebody else."""
        if sealed.startswith(_PLAIN):
            return sealed.removeprefix(_PLAIN) if self._key is None else None
        if self._key is None:
            return None
        try:
            opened = jwe.decrypt_compact(sealed, self._key, algorithms=[_ALGORITHM, _ENCRYPTION])
        except (JoseError, ValueError):
            return None
        if opened.headers().get("kid") != owner or opened.plaintext is None:
            return None
        return opened.plaintext.decode()


def new_secret() -> str:
    """Return a new secret in the form of Standard Webhooks, which receivers' libraries take."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SIZE_BYTES)).decode()


def signature_headers(
    secret: str, delivery_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Return the headers that let a receiver check where a delivery comes from.

    Source: Standard Webhooks 1.0, "Webhook metadata" and "Signature scheme": HMAC-SHA256, by the
    bytes that stand in base64 behind `whsec_`, of id, timestamp and body with dots between them.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    content = f"{delivery_id}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }
