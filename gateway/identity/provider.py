"""Talking to an identity provider: where its endpoints are, its keys, and codes for tokens.

By httpx and joserfc. Authlib would bring a second implementation of JOSE and no integration with
our framework; what is left of the flow is this file.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import msgspec
import structlog
from joserfc.jwk import Key

from gateway.errors import UnavailableError
from gateway.identity.configuration import OidcConfig, url_fault
from gateway.identity.id_token import IdTokenCheck, UnknownKeyError, identity_refused, usable_keys

_DISCOVERY_PATH = "/.well-known/openid-configuration"
# How long documents of the provider are believed; an unknown key makes us look at once.
_KEPT_S = 3600.0
_ANSWER_SIZE_BYTES_MAX = 512 * 1024
_RETRY_AFTER_S = 5.0
_OK = 200
_BAD_REQUEST = 400

_log = structlog.get_logger(__name__)


class Metadata(msgspec.Struct, kw_only=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class OidcProvider:
    """One provider. Made inside the event loop that uses it."""

    def __init__(
        self, config: OidcConfig, now: Callable[[], datetime], monotonic_s: Callable[[], float]
    ) -> None:
        self._config = config
        self._monotonic_s = monotonic_s
        self._check = IdTokenCheck(config.issuer, config.client_id, now)
        self._timeout_s = config.timeout_ms / 1000
        self._client = httpx.AsyncClient(timeout=self._timeout_s, follow_redirects=False)
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, list[Key]] | None = None

    async def authorization_url(self, state: str, nonce: str, challenge: str) -> str:
        """Return where to send somebody who wants to log in.

        Raises:
            UnavailableError: the provider is away or too slow.
        """
        async with self._deadline():
            metadata = await self._read_metadata()
        url = httpx.URL(metadata.authorization_endpoint).copy_merge_params(
            {
                "response_type": "code",
                "client_id": self._config.client_id,
                "redirect_uri": self._config.redirect_url,
                "scope": self._config.scopes,
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        return str(url)

    async def claims(self, code: str, verifier: str, nonce: str, issuer: str) -> dict[str, Any]:
        """Return what the provider says of who came back with a code.

        Raises:
            UnauthenticatedError: the code is not good, or the answer does not prove anything.
            UnavailableError: the provider is away or too slow.
        """
        async with self._deadline():
            metadata = await self._read_metadata()
            needed = metadata.authorization_response_iss_parameter_supported
            if (issuer or needed) and issuer != metadata.issuer:
                raise identity_refused("the answer comes from another issuer")
            token = await self._id_token(metadata, code, verifier)
            try:
                return self._check.claims(token, nonce, await self._read_keys(metadata))
            except UnknownKeyError:
                self._keys = None
            try:
                return self._check.claims(token, nonce, await self._read_keys(metadata))
            except UnknownKeyError as error:
                raise identity_refused("unknown key") from error

    async def logout_url(self) -> str | None:
        """Return where to end the session with the provider too; None if it tells no such place."""
        try:
            async with self._deadline():
                endpoint = (await self._read_metadata()).end_session_endpoint
        except UnavailableError:
            return None
        if endpoint is None:
            return None
        url = httpx.URL(endpoint).copy_merge_params({"client_id": self._config.client_id})
        return str(url)

    async def run(self) -> None:
        """Keep the connections until the application stops, then close them."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._client.aclose()

    async def _id_token(self, metadata: Metadata, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._config.redirect_url,
            "code_verifier": verifier,
            "client_id": self._config.client_id,
        }
        auth = None
        if self._config.client_secret:
            if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
                del form["client_id"]
                auth = httpx.BasicAuth(
                    _form_encoded(self._config.client_id),
                    _form_encoded(self._config.client_secret),
                )
            else:
                form["client_secret"] = self._config.client_secret
        request = self._client.build_request("POST", metadata.token_endpoint, data=form)
        status, document = await self._fetch(request, auth)
        if status == _BAD_REQUEST:
            raise identity_refused("the provider refuses the code")
        if status != _OK:
            # Such as a wrong client secret, which whoever logs in can do nothing about.
            _log.error("identity_provider_refuses_the_exchange", status=status)
            raise _away()
        token = document.get("id_token")
        if not isinstance(token, str):
            raise identity_refused("no ID token")
        return token

    async def _read_metadata(self) -> Metadata:
        if self._metadata is not None and self._fresh(self._metadata[0]):
            return self._metadata[1]
        url = self._config.issuer.rstrip("/") + _DISCOVERY_PATH
        document = await self._get(url)
        try:
            metadata = msgspec.convert(document, Metadata)
        except msgspec.ValidationError as error:
            _log.error("identity_provider_is_not_described", fault=str(error))
            raise _away() from error
        if metadata.issuer != self._config.issuer:
            _log.error("identity_provider_has_another_name", found=metadata.issuer)
            raise _away()
        endpoints = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
        for endpoint in endpoints:
            if fault := url_fault(endpoint.partition("?")[0]):
                _log.error("identity_provider_is_not_safe", endpoint=endpoint, fault=fault)
                raise _away()
        self._metadata = (self._monotonic_s(), metadata)
        return metadata

    async def _read_keys(self, metadata: Metadata) -> list[Key]:
        if self._keys is None or not self._fresh(self._keys[0]):
            self._keys = (self._monotonic_s(), usable_keys(await self._get(metadata.jwks_uri)))
        return self._keys[1]

    def _fresh(self, read_s: float) -> bool:
        return self._monotonic_s() - read_s < _KEPT_S

    async def _get(self, url: str) -> Mapping[str, Any]:
        status, document = await self._fetch(self._client.build_request("GET", url), None)
        if status != _OK:
            _log.warning("identity_provider_fails", status=status)
            raise _away()
        return document

    async def _fetch(
        self, request: httpx.Request, auth: httpx.Auth | None
    ) -> tuple[int, Mapping[str, Any]]:
        answer = await self._client.send(request, auth=auth, stream=True)
        try:
            content = bytearray()
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > _ANSWER_SIZE_BYTES_MAX:
                    raise _away()
        finally:
            await answer.aclose()
        try:
            return answer.status_code, msgspec.json.decode(content, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if answer.status_code == _OK:
                raise _away() from error
            return answer.status_code, {}

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            _log.warning("identity_provider_unreachable", fault=type(error).__name__)
            raise _away() from error


def _form_encoded(text: str) -> str:
    """Return a part of client_secret_basic as RFC 6749 (2.3.1) wants it."""
    return str(httpx.QueryParams({"": text}))[1:]


def _away() -> UnavailableError:
    return UnavailableError(
        "the identity provider is away or too slow",
        reason="IDENTITY_PROVIDER_UNAVAILABLE",
        retry_after_s=_RETRY_AFTER_S,
    )
