"""One recorded decision with all that it was made from, read from the journal; needs no server."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from anomaly.v1.scoring_service_pb2 import ScoreResult
from google.protobuf.message import DecodeError

from scoring_server.engine.evidence import DIGEST_SIZE, Context, Evidence, read_evidence
from scoring_server.errors import NotFoundError
from scoring_server.journal.chain import ChainedRecord
from scoring_server.journal.checkpoints import CHECKPOINTS_FILE, Checkpoint, read_checkpoints
from scoring_server.journal.contexts import Contexts
from scoring_server.journal.merged import worker_directories
from scoring_server.journal.segment import Segment, first_sequence_of, segment_paths
from scoring_server.rpc.converters import result_of_event
from scoring_server.rules.rule_set import texts_of
from scoring_server.state.keys import transaction_key

_PAGE = 1_000


class Receipt(msgspec.Struct, frozen=True):
    """What is kept of one decision.

    Attributes:
        event: as it is in the journal, with its link.
        result: what the caller was answered.
        evidence: features and score of the model.
        context: rules, model and settings.
        user_rules: their files; empty without any.
        directory: of the worker that decided.
    """

    event: ChainedRecord
    result: ScoreResult
    evidence: Evidence
    context: Context
    user_rules: dict[str, str]
    directory: Path


class Proof(msgspec.Struct, frozen=True):
    """What ties an event to a signature.

    Attributes:
        previous_link: link of the event before; None when it is not the number before, because the
            journal begins here or a power cut left a gap.
        digests: of the events after it up to the signed one, hexadecimal.
        checkpoint: signs the link of the last of them; None when nothing later is signed yet.
    """

    previous_link: str | None
    digests: list[str]
    checkpoint: Checkpoint | None


def find_receipt(data_dir: Path, transaction_id: str) -> Receipt:
    """Return the receipt of a transaction.

    Raises:
        NotFoundError: no such transaction is in the journal, or nothing was recorded with it.
        sqlite3.Error: the journal cannot be read.
        ValueError: what was recorded was altered.
    """
    journal = data_dir / "journal"
    for directory in worker_directories(journal):
        event = _find(directory, transaction_key(transaction_id))
        if event is not None:
            return _receipt(journal, directory, event, transaction_id)
    raise NotFoundError(
        f"the journal in {data_dir} must hold the transaction {transaction_id}: it was never "
        "scored here, or its event was dropped",
        reason="TRANSACTION_UNKNOWN",
    )


def receipt_at(data_dir: Path, sequence: int, transaction_id: str) -> Receipt:
    """Return the receipt of a transaction whose event is known; reads no more than that.

    Raises:
        NotFoundError: no such event is in the journal, or nothing was recorded with it.
        sqlite3.Error: the journal cannot be read.
        ValueError: what was recorded was altered.
    """
    journal = data_dir / "journal"
    for directory in worker_directories(journal):
        # Another event may be the next one there.
        event = next(_events(directory, sequence), None)
        if event is not None and event.record.sequence == sequence:
            return _receipt(journal, directory, event, transaction_id)
    raise NotFoundError(
        f"the journal must hold event {sequence} of {transaction_id}: it was dropped",
        reason="TRANSACTION_UNKNOWN",
    )


def proof_of(receipt: Receipt) -> Proof:
    """Return what ties a receipt to the first checkpoint that is not before it."""
    sequence = receipt.event.record.sequence
    known, _ = read_checkpoints(receipt.directory / CHECKPOINTS_FILE)
    signed = next((each for each in known if each.sequence >= sequence), None)
    before = None
    digests = []
    for event in _events(receipt.directory, sequence - 1):
        if event.record.sequence < sequence:
            before = event
        elif signed is None or event.record.sequence > signed.sequence:
            break
        elif event.record.sequence > sequence:
            digests.append(event.digest().hex())
    link = before.link if before else None
    return Proof(link.hex() if link else None, digests, signed)


def _receipt(journal: Path, directory: Path, event: ChainedRecord, transaction_id: str) -> Receipt:
    try:
        result = result_of_event(event.record.payload)
    except DecodeError as error:
        message = f"event {event.record.sequence} was altered: it holds what was never written"
        raise ValueError(message) from error
    if not event.evidence:
        raise NotFoundError(
            f"{transaction_id} must have been scored by a release that records evidence",
            reason="EVIDENCE_MISSING",
        )
    digest = event.evidence[:DIGEST_SIZE]
    content = Contexts(journal).get(digest)
    if content is None:
        raise NotFoundError(
            f"the context {digest.hex()} must be in {journal / 'contexts'} as it was "
            "written: it is missing or altered",
            reason="CONTEXT_MISSING",
        )
    context = msgspec.json.decode(content, type=Context)
    evidence = read_evidence(event.evidence, context.feature_count)
    return Receipt(event, result, evidence, context, _user_rules(journal, context), directory)


def _user_rules(journal: Path, context: Context) -> dict[str, str]:
    if not context.user_rules:
        return {}
    content = Contexts(journal).get(bytes.fromhex(context.user_rules))
    if content is None:
        raise NotFoundError(
            f"the rules {context.user_rules} must be in {journal / 'contexts'} as they were "
            "written: they are missing or altered",
            reason="CONTEXT_MISSING",
        )
    return texts_of(content)


def _find(directory: Path, key: int) -> ChainedRecord | None:
    for path in reversed(segment_paths(directory)):
        segment = Segment(path)
        try:
            segment.inspect()
            found = segment.find(key)
            if found is not None:
                return segment.read_chained(found.sequence - 1, 1)[0]
        finally:
            segment.close_reader()
    return None


def _events(directory: Path, first: int) -> Iterator[ChainedRecord]:
    """Give the events from one on, and the newest one before that."""
    paths = segment_paths(directory)
    starts = [place for place, path in enumerate(paths) if first_sequence_of(path) <= first]
    for path in paths[starts[-1] if starts else 0 :]:
        segment = Segment(path)
        try:
            after = first - 1
            while page := segment.read_chained(after, _PAGE):
                yield from page
                after = page[-1].record.sequence
        finally:
            segment.close_reader()
