import random
import string
from pathlib import Path

import pytest

from gateway.config import load_config
from gateway.db.url import database_url, synchronous_url
from gateway.domain.rate import RouteClass
from gateway.errors import ConfigurationError

# Random, and of no other use.
SECRET = "kP3v-8Qz1_wYt6Rb0NnXe5Lg2HsUd7Jc"


def test_defaults_are_those_of_the_contract() -> None:
    config = load_config({})
    assert (config.host, config.port, config.workers) == ("127.0.0.1", 8000, 1)
    assert config.database_url == "sqlite+aiosqlite:///data/gateway.sqlite"
    assert config.cors_origins == ("http://localhost:3000",)
    assert (config.rate_limit_requests, config.rate_limit_window_seconds) == (100, 60)
    assert (config.log_level, config.log_format) == ("INFO", "console")
    assert (config.enable_metrics, config.metrics_path) == (True, "/metrics")
    assert config.risk_threshold_critical == 95.0


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_config(
            {
                "PORT": "http",
                "WORKERS": "0",
                "DEBUG": "maybe",
                "LOG_LEVEL": "LOUD",
                "RISK_THRESHOLD_LOW": "nan",
                "RISK_THRESHOLD_HIGH": "10",
                "CORS_ORIGINS": "[1]",
                "DATABASE_URL": "mysql://root:hunter2@host/db",
                "METRICS_PATH": "metrics",
                "HOST": "0.0.0.0",  # noqa: S104 - it is refused
            }
        )
    text = refused.value.message
    for name in (
        "PORT",
        "WORKERS",
        "DEBUG",
        "LOG_LEVEL",
        "RISK_THRESHOLD_LOW",
        "must rise",
        "CORS_ORIGINS",
        "DATABASE_URL",
        "METRICS_PATH",
        "SECRET_KEY",
    ):
        assert name in text
    assert "hunter2" not in text


def test_production_needs_a_secret_and_logs_json() -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        load_config({"ENVIRONMENT": "production"})
    config = load_config({"ENVIRONMENT": "production", "SECRET_KEY": SECRET})
    assert config.log_format == "json"
    assert SECRET not in repr(config)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_development_on_loopback_needs_no_login(host: str) -> None:
    assert not load_config({"HOST": host}).login_required
    assert load_config({"HOST": host, "REQUIRE_LOGIN": "true", "SECRET_KEY": SECRET}).login_required


@pytest.mark.parametrize(
    "environ",
    [
        {"HOST": "0.0.0.0"},  # noqa: S104 - login is what it is about
        {"HOST": "::"},
        {"HOST": "gateway.example"},
        {"ENVIRONMENT": "test"},
        {"ENVIRONMENT": "staging"},
        {"ENVIRONMENT": "production"},
        {"REQUIRE_LOGIN": "true"},
    ],
)
def test_login_everywhere_else_needs_a_key(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        load_config(environ)
    assert load_config(environ | {"SECRET_KEY": SECRET}).login_required


@pytest.mark.parametrize(
    "key",
    [
        "too-short",
        "s" * 64,
        "abcd" * 16,
        "your-secret-key-change-in-production-0",
        "CHANGEME-kP3v-8Qz1_wYt6Rb0NnXe5Lg2HsUd7Jc",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    ],
)
def test_weak_or_known_key_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY must") as refused:
        load_config({"ENVIRONMENT": "production", "SECRET_KEY": key})
    assert key not in refused.value.message


def test_random_keys_of_every_form_are_accepted() -> None:
    generator = random.Random(1)
    for alphabet in ("0123456789abcdef", string.ascii_letters, string.printable.strip()):
        for _ in range(200):
            key = "".join(generator.choices(alphabet, k=40))
            load_config({"ENVIRONMENT": "production", "SECRET_KEY": f"x{key}x"})


def test_proxies_are_addresses_or_networks() -> None:
    config = load_config({"TRUSTED_PROXIES": "10.1.2.3, 192.168.7.9/24,fd00::/8"})
    assert config.trusted_proxies == ("10.1.2.3/32", "192.168.7.0/24", "fd00::/8")
    with pytest.raises(ConfigurationError, match="TRUSTED_PROXIES"):
        load_config({"TRUSTED_PROXIES": "*"})


def test_each_kind_of_request_can_have_its_own_limit() -> None:
    config = load_config({"RATE_LIMIT_ROUTES": "login=20/60, evaluate = 0/1", "WORKERS": "2"})
    assert config.rate_policies[RouteClass.LOGIN] == (20, 60)
    assert config.rate_policies[RouteClass.EVALUATE] == (0, 1)
    assert config.rate_policies[RouteClass.READING] == (100, 60)


def test_all_bad_limits_are_reported_at_once() -> None:
    bad = "logins=1/60,login=1/60,login=2/60,live=1,export=99999999/60,reading=1/0,writing=-1/2"
    with pytest.raises(ConfigurationError) as refused:
        load_config({"RATE_LIMIT_ROUTES": bad})
    text = refused.value.message
    for named in ("'logins=1/60'", "login twice", "'live=1'", "'export=", "'reading=", "'writing="):
        assert named in text
    assert "login, reading, writing, export, evaluate, live" in text


def test_any_origin_needs_a_login() -> None:
    with pytest.raises(ConfigurationError, match="CORS_ORIGINS"):
        load_config({"CORS_ORIGINS": "*"})


@pytest.mark.parametrize(
    "raw", ["http://a.example, http://b.example", '["http://a.example", "http://b.example"]']
)
def test_origins_in_both_forms(raw: str) -> None:
    assert load_config({"CORS_ORIGINS": raw}).cors_origins == (
        "http://a.example",
        "http://b.example",
    )


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"]
)
def test_every_postgresql_form_means_psycopg(scheme: str) -> None:
    url = database_url(f"{scheme}://user:pw@host:5432/db?sslmode=require", Path())
    assert url == "postgresql+psycopg://user:pw@host:5432/db?sslmode=require"
    assert synchronous_url(url) == url


def test_sqlite_forms() -> None:
    assert database_url("sqlite:////var/x.db", Path()) == "sqlite+aiosqlite:////var/x.db"
    assert synchronous_url("sqlite+aiosqlite:////var/x.db") == "sqlite:////var/x.db"
    for refused in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ConfigurationError):
            database_url(refused, Path())
