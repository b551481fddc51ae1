import pytest

from gateway.config import load_config
from gateway.domain.permission import Role
from gateway.errors import ConfigurationError

# Random, and of no other use.
SECRET = "kP3v-8Qz1_wYt6Rb0NnXe5Lg2HsUd7Jc"
LOGIN = {"ENVIRONMENT": "production", "SECRET_KEY": SECRET}
WHOLE = LOGIN | {
    "OIDC_ISSUER": "https://id.example/realm/",
    "OIDC_CLIENT_ID": "anomaly",
    "OIDC_CLIENT_SECRET": "hunter2-hunter2",
    "OIDC_REDIRECT_URL": "https://fraud.example/api/auth/oidc/callback",
    "OIDC_ROLES": "fraud = team=analyst, leads=supervisor",
}


def faults(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_config(environ)
    return refused.value.message


def test_provider_is_read_whole() -> None:
    oidc = load_config(WHOLE).oidc
    assert oidc is not None
    assert oidc.roles == {"fraud = team": Role.ANALYST, "leads": Role.SUPERVISOR}
    assert (oidc.role_claim, oidc.scopes, oidc.only) == ("roles", "openid profile email", False)
    assert "hunter2" not in repr(load_config(WHOLE))
    assert load_config(LOGIN).oidc is None


def test_all_faults_are_reported_at_once() -> None:
    text = faults(
        LOGIN
        | {
            "OIDC_ISSUER": "http://id.example",
            "OIDC_ROLES": "team=chief,analyst",
            "OIDC_REDIRECT_URL": "https://user:pw@fraud.example/",
            "OIDC_SCOPES": "profile",
            "OIDC_TIMEOUT_MS": "0",
            "OIDC_ONLY": "perhaps",
        }
    )
    for named in (
        "OIDC_ISSUER needs OIDC_CLIENT_ID",
        "OIDC_ISSUER must be https",
        "'team=chief'",
        "'analyst'",
        "OIDC_REDIRECT_URL must hold no password",
        "OIDC_SCOPES must hold openid",
        "OIDC_TIMEOUT_MS",
        "OIDC_ONLY",
    ):
        assert named in text


@pytest.mark.parametrize("name", ["OIDC_CLIENT_ID", "OIDC_ROLES", "OIDC_CLIENT_SECRET"])
def test_parts_without_a_provider_are_a_mistake(name: str) -> None:
    assert f"{name}: without effect" in faults(LOGIN | {name: WHOLE[name]})
    assert "OIDC_ONLY: without effect" in faults(LOGIN | {"OIDC_ONLY": "true"})


def test_provider_needs_a_login() -> None:
    oidc = {name: value for name, value in WHOLE.items() if name not in LOGIN}
    assert "REQUIRE_LOGIN=true" in faults(oidc)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080", "http://localhost/x", "http://[::1]"])
def test_provider_on_this_machine_may_do_without_tls(issuer: str) -> None:
    assert load_config(WHOLE | {"OIDC_ISSUER": issuer}).oidc is not None


@pytest.mark.parametrize(
    "issuer", ["id.example", "https://", "https://a/?b=c", "ftp://a", "http://["]
)
def test_issuer_is_a_url_of_https(issuer: str) -> None:
    assert "OIDC_ISSUER must be a URL" in faults(WHOLE | {"OIDC_ISSUER": issuer})
