"""Checking the token in which a provider says who somebody is.

The steps are those of OpenID Connect Core 1.0, 3.1.3.7.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from gateway.errors import UnauthenticatedError

# Signatures by the provider's own key. None of those that the client secret could make, and not
# `none`.
ALGORITHMS = ("RS256", "PS256", "ES256")
_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
# Clocks of two machines differ.
_LEEWAY_S = 60
_SUBJECT_LENGTH_MAX = 255

_log = structlog.get_logger(__name__)


class UnknownKeyError(Exception):
    """The token names a key that is not among those we have; the provider may have changed them."""


class _Claims(msgspec.Struct):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None


def usable_keys(document: object) -> list[Key]:
    """Return the keys of a JWKS that can check signatures; others are passed over."""
    found: list[Key] = []
    listed = document.get("keys") if isinstance(document, dict) else None
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        if each.get("kty") not in _KEY_TYPES.values():
            continue
        try:
            found.append(JWKRegistry.import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


class IdTokenCheck:
    """Checks ID tokens of one issuer for one client."""

    def __init__(self, issuer: str, client_id: str, now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._registry = jwt.JWTClaimsRegistry(
            now=lambda: int(now().timestamp()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    def claims(self, token: str, nonce: str, keys: Sequence[Key]) -> dict[str, Any]:
        """Return what a token says.

        Raises:
            UnknownKeyError: none of the keys is the one it names.
            UnauthenticatedError: it is not for us, not now, or not signed by the issuer.
        """
        try:
            decoded = jwt.decode(token, lambda made: _key(made, keys), algorithms=list(ALGORITHMS))
            self._registry.validate(decoded.claims)
            claims = msgspec.convert(decoded.claims, _Claims)
        except (JoseError, msgspec.ValidationError, ValueError, TypeError) as error:
            raise identity_refused(type(error).__name__) from error
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.azp is None and len(audience) > 1:
            raise identity_refused("azp is missing")
        if claims.azp is not None and claims.azp != self._client_id:
            raise identity_refused("azp is somebody else")
        if not hmac.compare_digest(claims.nonce.encode(), nonce.encode()):
            raise identity_refused("another nonce")
        if not 0 < len(claims.sub) <= _SUBJECT_LENGTH_MAX or not claims.sub.isprintable():
            raise identity_refused("sub")
        return dict(decoded.claims)


def identity_refused(cause: str) -> UnauthenticatedError:
    """Return the one answer to a login that the provider's word does not support."""
    _log.warning("identity_refused", cause=cause)
    return UnauthenticatedError(
        "the identity provider's answer is not accepted: log in again", reason="IDENTITY_REFUSED"
    )


def _key(made: Any, keys: Sequence[Key]) -> Key:
    header = made.headers()
    kind = _KEY_TYPES.get(header.get("alg"))
    fitting = [
        key
        for key in keys
        if key.key_type == kind and key.get("alg", header["alg"]) == header["alg"]
    ]
    kid = header.get("kid")
    if kid is not None:
        fitting = [key for key in fitting if key.get("kid") == kid]
    if not fitting and kind is not None:
        raise UnknownKeyError
    # Without a name there must be one key only; which of two is meant is not for us to guess.
    if len(fitting) != 1:
        raise ValueError("no single key")
    return fitting[0]
