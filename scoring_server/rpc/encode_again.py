"""Makes the events of a dead worker's block, of which the messages were noted."""

from collections.abc import Sequence
from typing import Any

from anomaly.v1.label_service_pb2 import Label
from numpy.typing import NDArray

from scoring_server.engine.assessment import Assessment
from scoring_server.engine.succession import EncodeAgain
from scoring_server.rpc.block_codec import EventWriter, RequestReader
from scoring_server.rpc.converters import label_event


def event_encoder(alert_threshold: float) -> EncodeAgain:
    """Return what makes the events of transactions; see succession.finish."""
    writer = EventWriter(alert_threshold)

    def encode(
        contents: Sequence[bytes],
        rows: NDArray[Any],
        assessment: Assessment,
        ingest_time_ns: int,
    ) -> list[bytes]:
        read = {place: (contents[place], rows[place]) for place in range(len(rows))}
        requests = RequestReader.unread(len(rows)).with_slow(read)
        return writer.write(requests, range(len(rows)), assessment, ingest_time_ns)[0]

    return encode


def label_event_of(content: bytes, sequence: int, ingest_time_ns: int) -> bytes:
    """Return the event of a label from its message."""
    label = Label.FromString(content)
    return label_event(label, sequence=sequence, ingest_time_ns=ingest_time_ns)
