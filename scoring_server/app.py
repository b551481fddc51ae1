"""Puts the scoring server together from its configuration, and takes it down again in order."""

import contextlib
import signal
import threading
from functools import partial

import structlog

from scoring_server.clock import NS_PER_S, monotonic_ns, wall_time_ns
from scoring_server.config import ScoringConfig
from scoring_server.engine.comparison import Comparison
from scoring_server.engine.engine import Engine
from scoring_server.engine.evidence import Recorder
from scoring_server.engine.labels import Labels
from scoring_server.engine.risk import EngineSettings
from scoring_server.engine.scorer import Scorer
from scoring_server.engine.succession import finish
from scoring_server.engine.warmup import warm
from scoring_server.garbage import spare_long_lived
from scoring_server.inference.deployment import Deployment, open_deployment
from scoring_server.inference.model_watch import ModelWatch
from scoring_server.journal.contexts import Contexts
from scoring_server.journal.positions import Positions
from scoring_server.receipts import service as receipt_service
from scoring_server.retainer import Retainer
from scoring_server.rpc import events, labels, models, rules, scoring
from scoring_server.rpc.admin_record import AdminFile
from scoring_server.rpc.clients import Clients
from scoring_server.rpc.converters import TransactionConverter
from scoring_server.rpc.encode_again import event_encoder, label_event_of
from scoring_server.rpc.guarded import guarded
from scoring_server.rpc.health import SERVICE as HEALTH_SERVICE
from scoring_server.rpc.health import Health
from scoring_server.rpc.reflection import reflection_methods
from scoring_server.rpc.server_tls import server_credentials
from scoring_server.rpc.serving import Listen
from scoring_server.rpc.traced import start_tracing, traced
from scoring_server.rpc.transport import Method, Pool
from scoring_server.rpc.transports import choose_transport
from scoring_server.rule_opening import open_rules
from scoring_server.rules.rule_book import RuleBook
from scoring_server.runtime_file import RUNTIME_FILE, worker_runtime_file, write_runtime_file
from scoring_server.settler import Settler
from scoring_server.snapshotter import Snapshotter
from scoring_server.storage import Storage, open_alone, open_labels, open_shared
from scoring_server.telemetry.comparison_metrics import ComparisonCollector
from scoring_server.telemetry.log import configure_logging
from scoring_server.telemetry.metrics import Metrics, open_metrics_server
from scoring_server.telemetry.observe import observe, show_models

_log = structlog.get_logger(__name__)

ADMIN_RECORD = "admin_calls.jsonl"
_SERVICES = (
    scoring.SERVICE,
    events.SERVICE,
    labels.SERVICE,
    models.SERVICE,
    rules.SERVICE,
    receipt_service.SERVICE,
)


class ScoringApplication:
    """A scoring server from `start` to `stop`.

    Args:
        config: all of it.
        worker: which of several processes this one is, started by a supervisor; None when it is
            alone.

    Attributes:
        grpc_port: the port that calls are answered on; 0 before `start`.
        metrics_port: likewise for metrics.
    """

    def __init__(self, config: ScoringConfig, worker: int | None = None) -> None:
        self.config = config
        self._worker = worker
        self.grpc_port = 0
        self.metrics_port = 0
        self._opened = contextlib.ExitStack()
        self._stop_requested = threading.Event()

    @property
    def target(self) -> str:
        """The address for a client on this machine."""
        return f"127.0.0.1:{self.grpc_port}"

    def start(self) -> None:
        """Open everything, bring the state up to date, warm up, then serve.

        Raises:
            ConfigurationError: something cannot be opened as configured; nothing stays open.
        """
        began_ns = monotonic_ns()
        try:
            self._open()
        except BaseException:
            self._opened.close()
            raise
        _log.info(
            "serving",
            grpc=f"{self.config.grpc_host}:{self.grpc_port}",
            metrics=f"{self.config.metrics_host}:{self.metrics_port}",
            start_s=round((monotonic_ns() - began_ns) / NS_PER_S, 2),
        )

    def request_stop(self) -> None:
        """Make `wait` return. Safe in a signal handler."""
        self._stop_requested.set()

    def wait(self) -> None:
        """Wait until a stop is requested."""
        self._stop_requested.wait()

    def stop(self) -> None:
        """Finish calls in flight for at most the configured time, then flush and close all."""
        self._opened.close()

    def _open(self) -> None:
        """Open from the bottom up; the stack closes in the reverse order."""
        config, opened, worker = self.config, self._opened, self._worker
        if worker is None:
            storage = open_alone(config, opened)
        else:
            storage = open_shared(config, worker, opened)
        named = (config.model_name, config.model_version)
        deployment = open_deployment(config.model_dir, config.data_dir, named)
        settings = _engine_settings(config)
        engine = Engine(storage.state, deployment.slots, settings, worker or 0)
        warm(deployment.slots)
        metrics = Metrics()
        book = open_rules(config, engine.use_rules, metrics, opened)
        recorder = Recorder(settings, Contexts(config.data_dir / "journal").keep)
        if storage.seat is not None:
            encode = event_encoder(settings.alert_threshold)
            finish(
                storage.seat, engine, storage.own, recorder, encode, label_event_of, wall_time_ns()
            )
        scorer = Scorer(engine, storage.journal, wall_time_ns, recorder, storage.seat)
        index, turn = open_labels(config, storage, worker, opened)
        self._serve(metrics, storage, deployment, scorer, Labels(scorer, index, turn), book)

    def _serve(
        self,
        metrics: Metrics,
        storage: Storage,
        deployment: Deployment,
        scorer: Scorer,
        reports: Labels,
        book: RuleBook,
    ) -> None:
        config, opened, journal = self.config, self._opened, storage.journal
        positions = Positions(config.data_dir / "feed_positions.json", journal.journal_id)
        feed = events.EventService(journal, positions, heartbeat_s=config.limits.heartbeat_s)
        comparison = Comparison(deployment.slots, scorer.engine.settings)
        scoring_service = scoring.ScoringService(
            scorer,
            TransactionConverter(config.reporting_limits),
            metrics,
            model_time_s_min=config.limits.model_time_s_min,
            comparison=comparison,
        )
        watch = ModelWatch(deployment, config.model_watch_s)
        health = Health((*_SERVICES, HEALTH_SERVICE))
        methods: list[Method] = [
            *health.methods(),
            *scoring_service.methods(),
            *feed.methods(),
            *labels.LabelService(reports, metrics).methods(),
            *models.ModelService(deployment, watch.found, comparison).methods(),
            *rules.RuleService(book).methods(),
            *receipt_service.ReceiptService(
                scorer.find_transaction, config.data_dir, config.model_dir
            ).methods(),
            *reflection_methods((*_SERVICES, HEALTH_SERVICE)),
        ]
        clients = None if config.clients is None else Clients(config.clients)
        methods = guarded(methods, clients, AdminFile(config.data_dir / ADMIN_RECORD))
        if config.tracing_name:
            methods = traced(methods, start_tracing(config.tracing_name, opened))
        transport = choose_transport(
            config.scoring_transport,
            Listen(
                config.grpc_host,
                config.grpc_port,
                server_credentials(config.tls),
                is_shared=self._worker is not None,
            ),
            config.limits,
            methods,
            metrics,
        )
        observe(metrics, storage.own, storage.state)
        deployment.on_change(partial(show_models, metrics))
        metrics.registry.register(ComparisonCollector(deployment.slots, comparison))
        retainer = Retainer(config, journal, positions)
        snapshotter = Snapshotter(
            config, lambda: journal.last_sequence, retainer.tidy, makes=not self._worker
        )
        snapshotter.observe(metrics)
        pending = {pool.value: partial(transport.pending, pool) for pool in Pool}
        metrics.gauges("anomaly_rpc_pending", "Calls that run or wait, by pool.", "pool", pending)
        metrics_server = open_metrics_server(
            metrics.registry, config.metrics_host, config.metrics_port
        )
        opened.callback(metrics_server.close)
        comparison.start()
        opened.callback(comparison.stop)
        transport.start()
        opened.callback(transport.stop, config.limits.drain_s)
        self.grpc_port, self.metrics_port = transport.port, metrics_server.port
        health.serve()
        snapshotter.start()
        opened.callback(snapshotter.stop)
        settler = Settler((scorer, reports))
        settler.start()
        opened.callback(settler.stop)
        watch.start()
        opened.callback(watch.stop)
        opened.callback(feed.stop)
        name = RUNTIME_FILE if self._worker is None else worker_runtime_file(self._worker)
        runtime_file = config.data_dir / name
        write_runtime_file(
            runtime_file, {"grpc_port": self.grpc_port, "metrics_port": self.metrics_port}
        )
        opened.callback(runtime_file.unlink, missing_ok=True)
        # Last in, so first at a stop: load balancers must know before calls are refused.
        opened.callback(health.stop)


def build(config: ScoringConfig, worker: int | None = None) -> ScoringApplication:
    """Return the application of a configuration; nothing is opened before its `start`."""
    return ScoringApplication(config, worker)


def serve(config: ScoringConfig, worker: int | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the process's exit code.

    Args:
        config: all of it.
        worker: see ScoringApplication.

    Raises:
        ConfigurationError: it cannot start as configured.
    """
    configure_logging(config.log_level, config.log_format, worker)
    application = build(config, worker)

    def stop(_number: int, _frame: object) -> None:
        application.request_stop()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        application.start()
        spare_long_lived()
        application.wait()
        _log.info("stopping", drain_s=config.limits.drain_s)
        application.stop()
        _log.info("stopped")
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


def _engine_settings(config: ScoringConfig) -> EngineSettings:
    risk = config.risk
    return EngineSettings(
        risk_threshold_low=risk.low,
        risk_threshold_medium=risk.medium,
        risk_threshold_high=risk.high,
        risk_threshold_critical=risk.critical,
        alert_threshold=risk.alert,
        review_threshold=risk.review,
        decline_threshold=risk.decline,
    )
