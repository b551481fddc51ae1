"""The scoring server's configuration: read once from the environment, checked whole, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scoring_server.currencies import DEFAULT_REPORTING_LIMITS, reporting_limits_of
from scoring_server.environment import EnvironmentReader

# As many as the state has places for, see WORKER_COUNT_MAX.
WORKERS_MAX = 64
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("console", "json")
TRANSPORT_AUTO = "auto"
TRANSPORT_FAST = "fast"
TRANSPORT_STOCK = "stock"
TRANSPORTS = (TRANSPORT_AUTO, TRANSPORT_FAST, TRANSPORT_STOCK)


@dataclass(frozen=True, slots=True)
class RiskConfig:
    """Thresholds on the risk score, 0 to 100, each inclusive."""

    low: float = 20.0
    medium: float = 50.0
    high: float = 80.0
    critical: float = 95.0
    alert: float = 50.0
    review: float = 50.0
    decline: float = 80.0


@dataclass(frozen=True, slots=True)
class CapacityConfig:
    """Most records of each kind that the state keeps; state.StateCapacities says what each costs.

    Changing one makes the state be rebuilt from the journal.
    """

    accounts: int = 1_000_000
    merchants: int = 200_000
    devices: int = 500_000
    peers: int = 16_384
    instruments: int = 20_000
    replay_ids: int = 1_000_000


@dataclass(frozen=True, slots=True)
class LimitConfig:
    """Bounds of the server. Beyond each, a call gets RESOURCE_EXHAUSTED or INVALID_ARGUMENT.

    Attributes:
        scoring_threads: threads that run unary and batch calls; more than 4 made the stock server
            slower in our measurements.
        calls_waiting_max: calls that wait for one of these threads before more are shed.
        score_streams_max: ScoreStream calls open at once; each has a thread of its own.
        subscribers_max: Subscribe calls open at once; each has a thread of its own.
        heartbeat_s: longest silence of a Subscribe call.
        message_size_bytes_max: largest request; a batch of 4,096 with every field at its longest is
            below 4 MiB.
        drain_s: how long calls in flight may finish after SIGTERM.
        model_time_s_min: a call with less time left than this is scored without the model.
    """

    scoring_threads: int = 4
    calls_waiting_max: int = 256
    score_streams_max: int = 16
    subscribers_max: int = 16
    heartbeat_s: float = 5.0
    message_size_bytes_max: int = 8 * 1024 * 1024
    drain_s: float = 10.0
    model_time_s_min: float = 0.001


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """PEM files of the server's certificate chain and key, and of the authorities of its clients.

    Attributes:
        client_ca: when given, a client must show a certificate signed by one of these.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    """Everything that can be set.

    Attributes:
        scoring_workers: processes that answer calls on one port and share the state.
        journal_sync_ms: longest time from an append to its sync; 0 syncs each append.
        journal_retention_days: older journal files are dropped when nobody needs them; 0 keeps all.
        journal_size_bytes_max: beyond it likewise the oldest; 0 sets no limit.
        receipt_signing_key: PEM file; None makes and keeps one in the data directory.
        receipt_checkpoint_events: events from one signed checkpoint to the next, at least.
        snapshot_interval_s: how often a snapshot of the state is made; 0 makes none.
        recovery_partial: start although events are missing that the state would need.
        tracing_name: what traces call this server; empty makes none.
        model_version: empty takes the highest.
        model_watch_s: time between two looks for new models; 0 never looks; rules_watch_s likewise.
        scoring_transport: what carries the calls; auto is the completion-queue loop, or the stock
            server where the loop's self-test fails, fast refuses to start then.
        reporting_limits: amount in major units by currency, for the structuring detectors.
    """

    grpc_host: str = "127.0.0.1"
    grpc_port: int = 50051
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9464
    data_dir: Path = Path("data")
    model_dir: Path = Path("models")
    model_name: str = "default"
    model_version: str = ""
    model_watch_s: float = 1.0
    rules_dir: Path = Path("rules")
    rules_watch_s: float = 1.0
    scoring_workers: int = 1
    scoring_transport: str = TRANSPORT_AUTO
    journal_sync_ms: int = 100
    journal_segment_events_max: int = 500_000
    journal_retention_days: int = 0
    journal_size_bytes_max: int = 0
    receipt_signing_key: Path | None = None
    receipt_checkpoint_events: int = 1_000
    snapshot_interval_s: int = 600
    recovery_partial: bool = False
    tracing_name: str = ""
    log_level: str = "INFO"
    log_format: str = "console"
    risk: RiskConfig = field(default_factory=RiskConfig)
    capacities: CapacityConfig = field(default_factory=CapacityConfig)
    limits: LimitConfig = field(default_factory=LimitConfig)
    tls: TlsConfig | None = None
    # File of the clients that may call; None lets everybody.
    clients: Path | None = None
    reporting_limits: Mapping[str, float] = field(default_factory=lambda: DEFAULT_REPORTING_LIMITS)


def load_config(environ: Mapping[str, str]) -> ScoringConfig:
    """Return the configuration that an environment states.

    Raises:
        ConfigurationError: its message names every fault: variable, allowed, found.
    """
    read = EnvironmentReader(environ)
    default = ScoringConfig()
    config = ScoringConfig(
        grpc_host=read.text("GRPC_HOST", default.grpc_host),
        grpc_port=read.integer("GRPC_PORT", default.grpc_port, 0, 65_535),
        metrics_host=read.text("METRICS_HOST", default.metrics_host),
        metrics_port=read.integer("METRICS_PORT", default.metrics_port, 0, 65_535),
        data_dir=Path(read.text("DATA_DIR", str(default.data_dir))),
        model_dir=Path(read.text("MODEL_DIR", str(default.model_dir))),
        model_name=read.text("MODEL_NAME", default.model_name),
        model_version=read.text("MODEL_VERSION", default.model_version),
        model_watch_s=read.number("MODEL_WATCH_S", default.model_watch_s, 0, 3_600),
        rules_dir=Path(read.text("RULES_DIR", str(default.rules_dir))),
        rules_watch_s=read.number("RULES_WATCH_S", default.rules_watch_s, 0, 3_600),
        scoring_workers=read.integer("SCORING_WORKERS", default.scoring_workers, 1, WORKERS_MAX),
        scoring_transport=read.choice("SCORING_TRANSPORT", default.scoring_transport, TRANSPORTS),
        journal_sync_ms=_journal_sync_ms(read, default.journal_sync_ms),
        journal_segment_events_max=read.integer(
            "JOURNAL_SEGMENT_EVENTS_MAX", default.journal_segment_events_max, 1_000, 100_000_000
        ),
        journal_retention_days=read.integer("JOURNAL_RETENTION_DAYS", 0, 0, 36_500),
        journal_size_bytes_max=read.integer("JOURNAL_SIZE_BYTES_MAX", 0, 0, 1 << 60),
        receipt_signing_key=read.file("RECEIPT_SIGNING_KEY"),
        receipt_checkpoint_events=read.integer(
            "RECEIPT_CHECKPOINT_EVENTS", default.receipt_checkpoint_events, 1, 1_000_000
        ),
        snapshot_interval_s=read.integer(
            "SNAPSHOT_INTERVAL_S", default.snapshot_interval_s, 0, 86_400
        ),
        recovery_partial=read.choice("RECOVERY", "full", ("full", "partial")) == "partial",
        tracing_name=_tracing_name(read),
        log_level=read.choice("LOG_LEVEL", default.log_level, LOG_LEVELS),
        log_format=read.choice("LOG_FORMAT", _log_format(read), LOG_FORMATS),
        risk=_risk(read),
        capacities=_capacities(read),
        limits=_limits(read),
        tls=_tls(read),
        clients=read.file("GRPC_CLIENTS"),
        reporting_limits=reporting_limits_of(read),
    )
    if config.scoring_workers > 1 and not (config.model_watch_s and config.rules_watch_s):
        read.fault(
            "MODEL_WATCH_S and RULES_WATCH_S must not be 0 with several SCORING_WORKERS, which "
            "follow each other by them"
        )
    drops = config.journal_retention_days or config.journal_size_bytes_max
    if drops and not config.snapshot_interval_s:
        read.fault(
            "SNAPSHOT_INTERVAL_S must not be 0 with JOURNAL_RETENTION_DAYS or "
            "JOURNAL_SIZE_BYTES_MAX: only a snapshot makes old events superfluous"
        )
    if config.clients is not None and config.tls is None:
        read.fault("GRPC_CLIENTS needs TLS_CERT and TLS_KEY: tokens could be read on the way")
    read.raise_faults()
    return config


def _tracing_name(read: EnvironmentReader) -> str:
    endpoint = read.text("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    on = read.choice("TRACING_ENABLED", "true" if endpoint else "false", ("true", "false"))
    name = read.text("OTEL_SERVICE_NAME", "anomaly-scoring-server")
    return name if on == "true" else ""


def _log_format(read: EnvironmentReader) -> str:
    return "json" if read.text("ENVIRONMENT", "") == "production" else "console"


def _journal_sync_ms(read: EnvironmentReader, default: int) -> int:
    if read.text("JOURNAL_SYNC_MS", "") == "always":
        return 0
    return read.integer("JOURNAL_SYNC_MS", default, 0, 60_000)


def _risk(read: EnvironmentReader) -> RiskConfig:
    default = RiskConfig()
    medium = read.number("RISK_THRESHOLD_MEDIUM", default.medium, 0, 100)
    risk = RiskConfig(
        low=read.number("RISK_THRESHOLD_LOW", default.low, 0, 100),
        medium=medium,
        high=read.number("RISK_THRESHOLD_HIGH", default.high, 0, 100),
        critical=read.number("RISK_THRESHOLD_CRITICAL", default.critical, 0, 100),
        # Alerts begin with MEDIUM, wherever that begins, unless another score is asked for.
        alert=read.number("ALERT_THRESHOLD", medium, 0, 100),
        review=read.number("REVIEW_THRESHOLD", default.review, 0, 100),
        decline=read.number("DECLINE_THRESHOLD", default.decline, 0, 100),
    )
    if not risk.low <= risk.medium <= risk.high <= risk.critical:
        read.fault(
            "RISK_THRESHOLD_LOW, _MEDIUM, _HIGH and _CRITICAL must ascend, were "
            f"{risk.low:g}, {risk.medium:g}, {risk.high:g}, {risk.critical:g}"
        )
    if risk.review > risk.decline:
        read.fault(
            "REVIEW_THRESHOLD must not exceed DECLINE_THRESHOLD, were "
            f"{risk.review:g} and {risk.decline:g}"
        )
    return risk


def _capacities(read: EnvironmentReader) -> CapacityConfig:
    default = CapacityConfig()
    least, most = 64, 1_000_000_000

    def capacity(name: str) -> int:
        return read.integer(f"STATE_CAPACITY_{name.upper()}", getattr(default, name), least, most)

    return CapacityConfig(
        accounts=capacity("accounts"),
        merchants=capacity("merchants"),
        devices=capacity("devices"),
        peers=capacity("peers"),
        instruments=capacity("instruments"),
        replay_ids=capacity("replay_ids"),
    )


def _limits(read: EnvironmentReader) -> LimitConfig:
    default = LimitConfig()
    return LimitConfig(
        scoring_threads=read.integer("SCORING_THREADS", default.scoring_threads, 1, 64),
        calls_waiting_max=read.integer("CALLS_WAITING_MAX", default.calls_waiting_max, 1, 65_536),
        score_streams_max=read.integer("SCORE_STREAMS_MAX", default.score_streams_max, 1, 256),
        subscribers_max=read.integer("SUBSCRIBERS_MAX", default.subscribers_max, 1, 256),
        heartbeat_s=read.number("HEARTBEAT_S", default.heartbeat_s, 0.1, default.heartbeat_s),
        message_size_bytes_max=read.integer(
            "MESSAGE_SIZE_BYTES_MAX", default.message_size_bytes_max, 65_536, 64 * 1024 * 1024
        ),
        drain_s=read.number("DRAIN_S", default.drain_s, 0, 600),
        model_time_s_min=read.number("MODEL_TIME_MS_MIN", default.model_time_s_min * 1e3, 0, 60_000)
        / 1e3,
    )


def _tls(read: EnvironmentReader) -> TlsConfig | None:
    cert, key, client_ca = (read.file(name) for name in ("TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA"))
    if cert is not None and key is not None:
        return TlsConfig(cert, key, client_ca)
    if cert is not None or key is not None or client_ca is not None:
        read.fault("TLS_CERT and TLS_KEY must be given together, and with TLS_CLIENT_CA")
    return None
