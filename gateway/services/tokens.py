"""The tokens that callers show: signed access tokens, and random ones that are stored hashed."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from gateway.errors import UnauthenticatedError

_ALGORITHM = "HS256"
_ISSUER = "anomaly"
_AUDIENCE = "anomaly-gateway"
# Fixed beginnings let scanners for leaked secrets find these; both are random beyond guessing, so
# that a plain hash of them can be stored.
REFRESH_PREFIX = "anr_"
SERVICE_PREFIX = "ans_"
_RANDOM_SIZE_BYTES = 32


class Claims(msgspec.Struct, frozen=True):
    """What an access token says: which session of whom, at which version of the user."""

    user_id: str
    session_id: str
    user_version: int


class AccessTokens:
    """Signs and checks access tokens."""

    def __init__(self, secret_key: str, lifetime: timedelta, now: Callable[[], datetime]) -> None:
        self._key = OctKey.import_key(secret_key)
        self._now = now
        self.lifetime = lifetime
        self._registry = jwt.JWTClaimsRegistry(
            now=lambda: int(now().timestamp()),
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True, "value": _AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
            sid={"essential": True},
            ver={"essential": True},
        )

    def issue(self, claims: Claims, no_longer_than: datetime) -> tuple[str, int]:
        """Return a token and for how many seconds it is good."""
        now = self._now()
        expires = min(now + self.lifetime, no_longer_than)
        token = jwt.encode(
            {"alg": _ALGORITHM, "typ": "JWT"},
            {
                "iss": _ISSUER,
                "aud": _AUDIENCE,
                "sub": claims.user_id,
                "sid": claims.session_id,
                "ver": claims.user_version,
                "iat": int(now.timestamp()),
                "exp": int(expires.timestamp()),
                "jti": secrets.token_hex(8),
            },
            self._key,
            algorithms=[_ALGORITHM],
        )
        return token, max(0, int((expires - now).total_seconds()))

    def check(self, token: str) -> Claims:
        """Return what a token says.

        Raises:
            UnauthenticatedError: not one of ours, changed, or expired.
        """
        try:
            decoded = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            self._registry.validate(decoded.claims)
            claims = decoded.claims
            return msgspec.convert(
                (claims["sub"], claims["sid"], claims["ver"]), _ClaimsRow
            ).claims()
        except (JoseError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
            raise token_refused() from error


class _ClaimsRow(msgspec.Struct, array_like=True):
    sub: str
    sid: str
    ver: int

    def claims(self) -> Claims:
        return Claims(self.sub, self.sid, self.ver)


def token_refused() -> UnauthenticatedError:
    """Return the one answer to every token that is not accepted, whatever the cause."""
    return UnauthenticatedError(
        "the token is not valid, or no longer: log in again", reason="TOKEN_REFUSED"
    )


def random_token(prefix: str) -> str:
    """Return a new token that nobody can guess."""
    return prefix + secrets.token_urlsafe(_RANDOM_SIZE_BYTES)


def token_hash(token: str) -> str:
    """Return what is stored of a random token."""
    return hashlib.sha256(token.encode()).hexdigest()
