"""LabelService: labels of transactions, each with its own outcome."""

from anomaly.v1 import label_service_pb2

from scoring_server.engine.labels import LabelReport, Labels, label_entry
from scoring_server.journal.journal import JournalRecord
from scoring_server.journal.label_index import LabelEntry
from scoring_server.rpc.converters import label_event, label_of_event, time_ns
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, UnaryMethod
from scoring_server.rpc.validation import LABELS_MAX, check_label, check_size, invalid
from scoring_server.state import keys
from scoring_server.telemetry.metrics import Metrics

SERVICE = "anomaly.v1.LabelService"


def read_label(record: JournalRecord) -> LabelEntry:
    """Return what an event of a label says, for the label index."""
    label = label_of_event(record.payload)
    key = keys.label_key(label.label_id)
    return label_entry(key, int(label.value), record.row, record.sequence)


class LabelService:
    """Answers LabelService."""

    def __init__(self, labels: Labels, metrics: Metrics) -> None:
        self._labels = labels
        statuses = label_service_pb2.LabelStatus
        self._counters = metrics.labels({n: statuses.Name(n) for n in statuses.values()})

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        return [UnaryMethod(SERVICE, "ReportLabels", Pool.ADMIN, self.report_labels)]

    def report_labels(self, request: bytes, _call: Call) -> bytes:
        """Take labels in; a bad label refuses the whole call, before anything is changed."""
        message = parse(label_service_pb2.ReportLabelsRequest, request)
        labels = message.labels
        check_size("labels", labels, LABELS_MAX)
        violations = [
            violation
            for index, label in enumerate(labels)
            for violation in check_label(label, f"labels[{index}]")
        ]
        if violations:
            raise invalid(violations)
        reports = [
            LabelReport(
                keys.label_key(label.label_id),
                keys.transaction_key(label.transaction_id),
                int(label.value),
                time_ns(label.known_time),
            )
            for label in labels
        ]
        results = self._labels.report(
            reports,
            lambda position, sequence, ingest_time_ns: label_event(
                labels[position], sequence=sequence, ingest_time_ns=ingest_time_ns
            ),
            lambda position: labels[position].SerializeToString(),
        )
        response = label_service_pb2.ReportLabelsResponse()
        for label, result in zip(labels, results, strict=True):
            self._counters[result.status].inc()
            response.outcomes.add(
                label_id=label.label_id,
                status=result.status,
                sequence=result.sequence,
            )
        return response.SerializeToString()
