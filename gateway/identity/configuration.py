"""What has to be known about an identity provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gateway.domain.client_network import is_loopback
from gateway.domain.permission import Role
from gateway.environment import EnvironmentReader

_NEEDED = ("OIDC_CLIENT_ID", "OIDC_REDIRECT_URL", "OIDC_ROLES")
_ALSO = ("OIDC_CLIENT_SECRET", "OIDC_ROLE_CLAIM", "OIDC_SCOPES")


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcConfig:
    """One provider, and what its groups are here.

    Attributes:
        client_secret: empty for a public client, which PKCE alone protects.
        redirect_url: where the provider sends people back to: the callback, or a page of a frontend
            that passes code and state on.
        only: nobody logs in by password.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_url: str
    role_claim: str = "roles"
    roles: Mapping[str, Role]
    scopes: str = "openid profile email"
    timeout_ms: int = 5000
    only: bool = False


def read_oidc(read: EnvironmentReader) -> OidcConfig | None:
    """Return the provider that an environment names; None where it names none."""
    issuer = read.text("OIDC_ISSUER", "")
    texts = {name: read.text(name, "") for name in (*_NEEDED, *_ALSO)}
    only = read.flag("OIDC_ONLY", default=False)
    timeout_ms = read.integer("OIDC_TIMEOUT_MS", 5000, 100, 60_000)
    if not issuer:
        named = [name for name, text in texts.items() if text]
        if only:
            named.append("OIDC_ONLY")
        if named:
            read.faults.append(f"{', '.join(named)}: without effect unless OIDC_ISSUER is set")
        return None
    missing = [name for name in _NEEDED if not texts[name]]
    if missing:
        read.faults.append(f"OIDC_ISSUER needs {', '.join(missing)} too")
    for name, url in (("OIDC_ISSUER", issuer), ("OIDC_REDIRECT_URL", texts["OIDC_REDIRECT_URL"])):
        if url and (fault := url_fault(url)):
            read.faults.append(f"{name} {fault}, was {url!r}")
    scopes = texts["OIDC_SCOPES"] or "openid profile email"
    if "openid" not in scopes.split():
        read.faults.append(f"OIDC_SCOPES must hold openid, was {scopes!r}")
    return OidcConfig(
        issuer=issuer,
        client_id=texts["OIDC_CLIENT_ID"],
        client_secret=texts["OIDC_CLIENT_SECRET"],
        redirect_url=texts["OIDC_REDIRECT_URL"],
        role_claim=texts["OIDC_ROLE_CLAIM"] or "roles",
        roles=_roles(read, texts["OIDC_ROLES"]),
        scopes=scopes,
        timeout_ms=timeout_ms,
        only=only,
    )


def url_fault(url: str) -> str:
    """Return what keeps codes and tokens from being sent to or from there; empty if nothing."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "must be a URL"
    if parts.scheme not in {"https", "http"} or not host or parts.query or parts.fragment:
        return "must be a URL of https without query and fragment"
    if parts.username or parts.password:
        return "must hold no password"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https, except on this machine"
    return ""


def _roles(read: EnvironmentReader, raw: str) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for part in (part.strip() for part in raw.split(",") if part.strip()):
        value, _, role = (text.strip() for text in part.rpartition("="))
        if not value or role not in set(Role):
            read.faults.append(
                f"OIDC_ROLES must be like fraud-team=analyst, separated by commas, for "
                f"{', '.join(Role)}; had {part!r}"
            )
            continue
        roles[value] = Role(role)
    return roles
