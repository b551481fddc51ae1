from pathlib import Path

import pytest

from scoring_server.config import RiskConfig, ScoringConfig, TlsConfig, load_config
from scoring_server.currencies import DEFAULT_REPORTING_LIMITS
from scoring_server.errors import ConfigurationError


def fault(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_config(environ)
    return caught.value.message


def test_nothing_set_gives_the_defaults():
    assert load_config({}) == ScoringConfig()


def test_empty_variable_counts_as_not_set():
    assert load_config({"GRPC_PORT": " ", "LOG_LEVEL": ""}) == ScoringConfig()


def test_everything_set_is_taken(tmp_path):
    files = {}
    for name in ("cert", "key", "ca"):
        files[name] = tmp_path / name
        files[name].touch()
    config = load_config(
        {
            "GRPC_HOST": "::",
            "GRPC_PORT": "0",
            "METRICS_HOST": "::1",
            "METRICS_PORT": "1",
            "DATA_DIR": "/d",
            "MODEL_DIR": "/m",
            "MODEL_NAME": "n",
            "MODEL_VERSION": "3",
            "SCORING_WORKERS": "1",
            "SCORING_TRANSPORT": "STOCK",
            "JOURNAL_SYNC_MS": "always",
            "JOURNAL_SEGMENT_EVENTS_MAX": "2000",
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": "JSON",
            "RISK_THRESHOLD_LOW": "1",
            "RISK_THRESHOLD_MEDIUM": "2",
            "RISK_THRESHOLD_HIGH": "3",
            "RISK_THRESHOLD_CRITICAL": "4.5",
            "ALERT_THRESHOLD": "5",
            "REVIEW_THRESHOLD": "6",
            "DECLINE_THRESHOLD": "7",
            "STATE_CAPACITY_ACCOUNTS": "100",
            "STATE_CAPACITY_REPLAY_IDS": "3_000",
            "SCORING_THREADS": "2",
            "DRAIN_S": "0.5",
            "MODEL_TIME_MS_MIN": "2",
            "REPORTING_LIMITS": "USD=5000, JPY=1e6",
            "TLS_CERT": str(files["cert"]),
            "TLS_KEY": str(files["key"]),
            "TLS_CLIENT_CA": str(files["ca"]),
        }
    )
    assert (config.grpc_host, config.grpc_port) == ("::", 0)
    assert (config.metrics_host, config.metrics_port) == ("::1", 1)
    assert (config.data_dir, config.model_dir) == (Path("/d"), Path("/m"))
    assert (config.model_name, config.model_version) == ("n", "3")
    assert config.scoring_transport == "stock"
    assert (config.journal_sync_ms, config.journal_segment_events_max) == (0, 2_000)
    assert (config.log_level, config.log_format) == ("DEBUG", "json")
    assert config.risk == RiskConfig(1, 2, 3, 4.5, 5, 6, 7)
    assert (config.capacities.accounts, config.capacities.replay_ids) == (100, 3_000)
    assert (config.limits.scoring_threads, config.limits.drain_s) == (2, 0.5)
    assert config.limits.model_time_s_min == 0.002
    assert config.reporting_limits == {"USD": 5_000.0, "JPY": 1e6}
    assert config.tls == TlsConfig(files["cert"], files["key"], files["ca"])


def test_all_faults_are_told_at_once_with_allowed_and_found():
    message = fault(
        {
            "GRPC_PORT": "70000",
            "METRICS_PORT": "x",
            "JOURNAL_SYNC_MS": "never",
            "LOG_LEVEL": "LOUD",
            "ALERT_THRESHOLD": "nan",
            "SCORING_WORKERS": "65",
            "SCORING_TRANSPORT": "slow",
            "TLS_CERT": "/no/such/file",
        }
    )
    assert "GRPC_PORT must be a whole number 0..65535, was '70000'" in message
    assert "METRICS_PORT must be a whole number 0..65535, was 'x'" in message
    assert "JOURNAL_SYNC_MS must be a whole number 0..60000, was 'never'" in message
    assert "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, was 'LOUD'" in message
    assert "ALERT_THRESHOLD must be a number 0..100, was 'nan'" in message
    assert "SCORING_TRANSPORT must be one of auto, fast, stock, was 'slow'" in message
    assert "SCORING_WORKERS must be a whole number 1..64, was '65'" in message
    assert "TLS_CERT must be an existing file, was '/no/such/file'" in message


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"RISK_THRESHOLD_LOW": "60"}, "must ascend"),
        ({"REVIEW_THRESHOLD": "90"}, "REVIEW_THRESHOLD must not exceed DECLINE_THRESHOLD"),
        (
            {"SCORING_WORKERS": "2", "MODEL_WATCH_S": "0"},
            "MODEL_WATCH_S and RULES_WATCH_S must not be 0 with several SCORING_WORKERS",
        ),
        ({"REPORTING_LIMITS": "USD"}, "REPORTING_LIMITS must be like"),
        ({"REPORTING_LIMITS": "usd=5"}, "REPORTING_LIMITS must be like"),
        ({"REPORTING_LIMITS": "USD=-5"}, "REPORTING_LIMITS must be like"),
    ],
)
def test_values_that_do_not_fit_together_are_told(environ, told):
    assert told in fault(environ)


@pytest.mark.parametrize("name", ["TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA"])
def test_half_of_tls_is_a_fault(tmp_path, name):
    (tmp_path / "f").touch()
    assert "TLS_CERT and TLS_KEY must be given together" in fault({name: str(tmp_path / "f")})


def test_production_logs_json_unless_told_otherwise():
    assert load_config({"ENVIRONMENT": "production"}).log_format == "json"
    environ = {"ENVIRONMENT": "production", "LOG_FORMAT": "console"}
    assert load_config(environ).log_format == "console"


def test_default_reporting_limits_name_the_dollar():
    assert DEFAULT_REPORTING_LIMITS["USD"] == 10_000.0
