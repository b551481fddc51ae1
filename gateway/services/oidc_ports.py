"""What logging in through an identity provider needs of it, declared by who uses it."""

from collections.abc import Mapping
from typing import Any, Protocol


class Provider(Protocol):
    """The identity provider; see identity/provider.py."""

    async def authorization_url(self, state: str, nonce: str, challenge: str) -> str: ...
    async def claims(
        self, code: str, verifier: str, nonce: str, issuer: str
    ) -> Mapping[str, Any]: ...
    async def logout_url(self) -> str | None: ...
