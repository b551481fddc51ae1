from pathlib import Path

import pytest

from gateway.config import load_config
from gateway.db.url import database_url, synchronous_url
from gateway.errors import ConfigurationError

SECRET = "s" * 32


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
        "INSECURE_ALLOW_REMOTE_WITHOUT_LOGIN",
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
def test_loopback_needs_no_permission(host: str) -> None:
    assert load_config({"HOST": host}).host == host


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
