"""The gateway's configuration, read once from the environment, checked whole, and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.db.url import database_url
from gateway.db.watch import DatabaseLimits
from gateway.domain.client_network import is_loopback
from gateway.domain.rate import RatePolicy, RouteClass, policies
from gateway.domain.secret import secret_fault
from gateway.environment import EnvironmentReader
from gateway.errors import ConfigurationError
from gateway.identity.configuration import OidcConfig, read_oidc
from gateway.scoring.channel import ScoringTls


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """Everything that can be set. Environment variables have the same names in upper case."""

    debug: bool = False
    environment: str = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    data_dir: Path = Path("data")
    database_url: str = field(default="", repr=False)
    database_pool_size: int = 10
    database_pool_timeout_ms: int = 5_000
    database_statement_timeout_ms: int = 30_000
    database_slow_query_ms: int = 500
    # 0 keeps them for ever.
    transaction_retention_days: int = 0
    cors_origins: tuple[str, ...] = ("http://localhost:3000",)
    secret_key: str = field(default="", repr=False)
    access_token_expire_minutes: int = 30
    session_expire_hours: int = 12
    require_login: bool = False
    oidc: OidcConfig | None = None
    trusted_proxies: tuple[str, ...] = ()
    risk_threshold_low: float = 20.0
    risk_threshold_medium: float = 50.0
    risk_threshold_high: float = 80.0
    risk_threshold_critical: float = 95.0
    # Of the scoring server; the gateway only shows it.
    alert_threshold: float = 50.0
    rate_limit_requests: int = 100
    rate_limit_window_seconds: int = 60
    rate_limit_routes: tuple[tuple[RouteClass, RatePolicy], ...] = ()
    log_level: str = "INFO"
    log_format: str = "console"
    # What traces call this server; empty makes none.
    tracing_name: str = ""
    enable_metrics: bool = True
    metrics_path: str = "/metrics"
    scoring_target: str = "127.0.0.1:50051"
    scoring_tls: ScoringTls | None = None
    scoring_timeout_ms: int = 1000
    # How long evaluate waits for its alert to be readable.
    ingest_wait_ms: int = 2000
    feed_batch_size_max: int = 1024
    fold_window_seconds: int = 600
    require_fraud_notes: bool = False
    live_clients_max: int = 256
    live_queue_events_max: int = 1000
    live_heartbeat_seconds: int = 15
    webhook_allow_private: bool = False
    webhook_attempts_max: int = 16
    webhook_age_hours_max: int = 24
    webhook_pause_first_ms: int = 5_000
    webhook_pause_max_seconds: int = 3_600
    webhook_timeout_ms: int = 10_000

    @property
    def is_production(self) -> bool:
        """True when the strict rules of production hold."""
        return self.environment == "production"

    @property
    def database_limits(self) -> DatabaseLimits:
        """What the database may take."""
        return DatabaseLimits(
            pool_size=self.database_pool_size,
            pool_timeout_ms=self.database_pool_timeout_ms,
            statement_timeout_ms=self.database_statement_timeout_ms,
            slow_query_ms=self.database_slow_query_ms,
        )

    @property
    def rate_policies(self) -> dict[RouteClass, RatePolicy]:
        """How many requests of each kind a caller has."""
        default = RatePolicy(self.rate_limit_requests, self.rate_limit_window_seconds)
        return policies(default, dict(self.rate_limit_routes))

    @property
    def login_required(self) -> bool:
        """False only in development, on an address that no other machine reaches."""
        return self.require_login or self.environment != "development" or not is_loopback(self.host)


def load_config(environ: Mapping[str, str]) -> GatewayConfig:
    """Return the configuration that an environment asks for.

    Raises:
        ConfigurationError: its message lists every fault, a line each.
    """
    read = EnvironmentReader(environ)
    environment = read.choice(
        "ENVIRONMENT", "development", ("development", "test", "staging", "production")
    )
    production = environment == "production"
    data_dir = Path(read.text("DATA_DIR", "./data"))
    medium = read.real("RISK_THRESHOLD_MEDIUM", 50.0, 0, 100)
    config = GatewayConfig(
        debug=read.flag("DEBUG", default=False),
        environment=environment,
        host=read.text("HOST", "127.0.0.1"),
        port=read.integer("PORT", 8000, 0, 65_535),
        workers=read.integer("WORKERS", 1, 1, 64),
        data_dir=data_dir,
        database_url=_database_url(read, data_dir),
        database_pool_size=read.integer("DATABASE_POOL_SIZE", 10, 2, 1000),
        database_pool_timeout_ms=read.integer("DATABASE_POOL_TIMEOUT_MS", 5_000, 1, 600_000),
        database_statement_timeout_ms=read.integer(
            "DATABASE_STATEMENT_TIMEOUT_MS", 30_000, 1, 3_600_000
        ),
        database_slow_query_ms=read.integer("DATABASE_SLOW_QUERY_MS", 500, 0, 3_600_000),
        transaction_retention_days=read.integer("TRANSACTION_RETENTION_DAYS", 0, 0, 36_500),
        cors_origins=read.origins("CORS_ORIGINS", ("http://localhost:3000",)),
        secret_key=read.text("SECRET_KEY", ""),
        access_token_expire_minutes=read.integer("ACCESS_TOKEN_EXPIRE_MINUTES", 30, 1, 1_440),
        session_expire_hours=read.integer("SESSION_EXPIRE_HOURS", 12, 1, 720),
        require_login=read.flag("REQUIRE_LOGIN", default=False),
        oidc=read_oidc(read),
        trusted_proxies=read.networks("TRUSTED_PROXIES"),
        risk_threshold_low=read.real("RISK_THRESHOLD_LOW", 20.0, 0, 100),
        risk_threshold_medium=medium,
        risk_threshold_high=read.real("RISK_THRESHOLD_HIGH", 80.0, 0, 100),
        risk_threshold_critical=read.real("RISK_THRESHOLD_CRITICAL", 95.0, 0, 100),
        alert_threshold=read.real("ALERT_THRESHOLD", medium, 0, 100),
        rate_limit_requests=read.integer("RATE_LIMIT_REQUESTS", 100, 0, 10_000_000),
        rate_limit_window_seconds=read.integer("RATE_LIMIT_WINDOW_SECONDS", 60, 1, 86_400),
        rate_limit_routes=read.rate_policies("RATE_LIMIT_ROUTES"),
        log_level=read.choice(
            "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        ),
        log_format=read.choice(
            "LOG_FORMAT", "json" if production else "console", ("console", "json")
        ),
        tracing_name=_tracing_name(read),
        enable_metrics=read.flag("ENABLE_METRICS", default=True),
        metrics_path=read.text("METRICS_PATH", "/metrics"),
        scoring_target=read.text("SCORING_TARGET", "127.0.0.1:50051"),
        scoring_tls=_scoring_tls(read),
        scoring_timeout_ms=read.integer("SCORING_TIMEOUT_MS", 1000, 1, 60_000),
        ingest_wait_ms=read.integer("INGEST_WAIT_MS", 2000, 0, 60_000),
        feed_batch_size_max=read.integer("FEED_BATCH_SIZE_MAX", 1024, 1, 4096),
        fold_window_seconds=read.integer("FOLD_WINDOW_SECONDS", 600, 0, 86_400),
        require_fraud_notes=read.flag("REQUIRE_FRAUD_NOTES", default=False),
        live_clients_max=read.integer("LIVE_CLIENTS_MAX", 256, 1, 10_000),
        live_queue_events_max=read.integer("LIVE_QUEUE_EVENTS_MAX", 1000, 1, 100_000),
        live_heartbeat_seconds=read.integer("LIVE_HEARTBEAT_SECONDS", 15, 1, 300),
        webhook_allow_private=read.flag("WEBHOOK_ALLOW_PRIVATE", default=False),
        webhook_attempts_max=read.integer("WEBHOOK_ATTEMPTS_MAX", 16, 1, 100),
        webhook_age_hours_max=read.integer("WEBHOOK_AGE_HOURS_MAX", 24, 1, 720),
        webhook_pause_first_ms=read.integer("WEBHOOK_PAUSE_FIRST_MS", 5_000, 1, 600_000),
        webhook_pause_max_seconds=read.integer("WEBHOOK_PAUSE_MAX_SECONDS", 3_600, 1, 86_400),
        webhook_timeout_ms=read.integer("WEBHOOK_TIMEOUT_MS", 10_000, 100, 60_000),
    )
    read.faults += _contradictions(config)
    if read.faults:
        raise ConfigurationError("\n".join(read.faults), details={"faults": list(read.faults)})
    return config


def _tracing_name(read: EnvironmentReader) -> str:
    endpoint = read.text("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    on = read.flag("TRACING_ENABLED", default=bool(endpoint))
    name = read.text("OTEL_SERVICE_NAME", "anomaly-gateway")
    return name if on else ""


def _scoring_tls(read: EnvironmentReader) -> ScoringTls | None:
    ca = read.file("SCORING_TLS_CA")
    cert, key = read.file("SCORING_TLS_CERT"), read.file("SCORING_TLS_KEY")
    token_file, name = read.file("SCORING_TOKEN_FILE"), read.text("SCORING_TLS_NAME", "")
    if (cert is None) != (key is None):
        read.faults.append("SCORING_TLS_CERT and SCORING_TLS_KEY must be given together")
    if ca is not None:
        return ScoringTls(ca, cert, key, token_file, name)
    if cert is not None or token_file is not None:
        read.faults.append("SCORING_TLS_CERT and SCORING_TOKEN_FILE need SCORING_TLS_CA")
    return None


def _database_url(read: EnvironmentReader, data_dir: Path) -> str:
    try:
        return database_url(read.text("DATABASE_URL", ""), data_dir)
    except ConfigurationError as error:
        read.faults.append(error.message)
        return ""


def _contradictions(config: GatewayConfig) -> list[str]:
    """Return what is wrong between settings that are each fine by themselves."""
    faults = []
    thresholds = (
        config.risk_threshold_low,
        config.risk_threshold_medium,
        config.risk_threshold_high,
        config.risk_threshold_critical,
    )
    if list(thresholds) != sorted(set(thresholds)):
        faults.append(
            "RISK_THRESHOLD_LOW, _MEDIUM, _HIGH and _CRITICAL must rise, were "
            + ", ".join(f"{threshold:g}" for threshold in thresholds)
        )
    if not config.metrics_path.startswith("/"):
        faults.append(f"METRICS_PATH must start with /, was {config.metrics_path!r}")
    if config.is_production and config.debug:
        faults.append("DEBUG must be false when ENVIRONMENT=production")
    return faults + _login_faults(config)


def _login_faults(config: GatewayConfig) -> list[str]:
    if not config.login_required:
        without = []
        if "*" in config.cors_origins:
            without.append("CORS_ORIGINS must not be * without a login: set REQUIRE_LOGIN=true")
        if config.oidc is not None:
            without.append("OIDC_ISSUER needs a login: set REQUIRE_LOGIN=true")
        return without
    fault = secret_fault(config.secret_key)
    if not fault:
        return []
    return [
        (
            f"SECRET_KEY {fault}. People log in here, as everywhere but in development on "
            f"a loopback HOST without REQUIRE_LOGIN; HOST is {config.host!r}, ENVIRONMENT "
            f"{config.environment!r}. `openssl rand -base64 48` makes a key"
        )
    ]
