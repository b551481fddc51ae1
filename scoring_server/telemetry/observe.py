"""Metrics that are read from their source at each scrape instead of being counted."""

from functools import partial

from scoring_server.inference.model_slots import Lineup
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.state.shared_table import State
from scoring_server.telemetry.metrics import Metrics


def observe(metrics: Metrics, journal: EmbeddedJournal, state: State) -> None:
    """Add the gauges of a journal and a state."""
    metrics.gauge(
        "anomaly_journal_last_sequence",
        "Newest event of the journal.",
        lambda: journal.last_sequence,
    )
    metrics.gauge(
        "anomaly_journal_unsynced_events",
        "Events that a power cut would take.",
        lambda: max(journal.last_sequence - journal.synced_sequence, 0),
    )
    metrics.gauge(
        "anomaly_journal_damaged_segments",
        "Segments that could not be read since the start.",
        lambda: len(journal.damaged_segments),
    )
    metrics.gauges(
        "anomaly_state_fill_ratio",
        "Occupied share of each table of the state, 0 to 1.",
        "table",
        {name: partial(_fill_ratio, state, name) for name in state.fill_ratios()},
    )


def show_models(metrics: Metrics, lineup: Lineup) -> None:
    """State the models of a lineup."""
    held = [(role, model.identity) for role, model in lineup.all()]
    metrics.models(
        (role, identity.name, identity.version, identity.sha256) for role, identity in held
    )


def _fill_ratio(state: State, table: str) -> float:
    return state.fill_ratios()[table]
