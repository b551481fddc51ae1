"""Check the chain of a journal offline, and name each place where it was tampered with."""

import sqlite3
import struct
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import msgspec

from scoring_server.engine.evidence import DIGEST_SIZE, Context
from scoring_server.journal.chain import GENESIS, ChainedRecord, link_after
from scoring_server.journal.checkpoints import CHECKPOINTS_FILE, Checkpoint, read_checkpoints
from scoring_server.journal.contexts import Contexts
from scoring_server.journal.segment import Segment, segment_paths

_PAGE = 1_000

Tell = Callable[[str], None]


class Verification:
    """What a check of one worker's journal found.

    Attributes:
        faults: each names its place; empty when all is proven.
        events: that have a link.
        unchained: that stand before the chain, written by an earlier release.
        signed_sequence: newest event that a good checkpoint proves; 0 when none does.
        last_sequence: newest event.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.events = 0
        self.unchained = 0
        self.signed_sequence = 0
        self.last_sequence = 0


def verify_journal(directory: Path, journal_id: str, trusted: Collection[str]) -> Verification:
    """Check one worker's directory; it may be in use.

    Args:
        directory: of the worker.
        journal_id: that the checkpoints must speak of.
        trusted: public keys in hexadecimal digits that may have signed.
    """
    found = Verification()
    # Read first, so that no checkpoint of a journal in use is ahead of the events.
    checkpoints = _good_checkpoints(directory, journal_id, trusted, found.faults.append)
    before: ChainedRecord | None = None
    expected = {GENESIS}
    waiting = list(checkpoints)
    contexts: set[bytes] = set()
    for event in _events(directory, found.faults.append):
        sequence = event.record.sequence
        found.last_sequence = sequence
        if event.link is None:
            if found.events:
                found.faults.append(f"event {sequence} was inserted: it has no link")
            else:
                found.unchained += 1
            continue
        if not found.events:
            earlier = [each for each in checkpoints if each.sequence < sequence]
            expected = {bytes.fromhex(earlier[-1].link)} if earlier else {GENESIS}
        found.events += 1
        expected = _check_link(event, before, expected, found.faults.append)
        _check_context(directory.parent, event, contexts, found.faults.append)
        while waiting and waiting[0].sequence <= sequence:
            checkpoint = waiting.pop(0)
            if checkpoint.sequence < sequence and before is None:
                continue
            if checkpoint.sequence < sequence:
                found.faults.append(f"event {checkpoint.sequence}, which was signed, is missing")
            elif checkpoint.link != event.link.hex():
                found.faults.append(
                    f"event {sequence} is not the one that was signed: events after "
                    f"{found.signed_sequence} were written anew"
                )
            else:
                found.signed_sequence = sequence
        before = event
    if waiting:
        found.faults.append(
            f"the end was cut off after event {found.last_sequence}: "
            f"event {waiting[-1].sequence} was signed"
        )
    return found


def _check_link(
    event: ChainedRecord, before: ChainedRecord | None, expected: Collection[bytes], tell: Tell
) -> set[bytes]:
    """Check an event's link; return the links that the next one may follow."""
    assert event.link is not None
    sequence = event.record.sequence
    try:
        digest = event.digest()
        made = {link_after(previous, digest) for previous in expected}
    except (TypeError, ValueError, struct.error):
        tell(f"event {sequence} was altered: a column holds what was never written")
        return {event.link}
    if event.link in made:
        return {event.link}
    place = f"after event {before.record.sequence}" if before else "at the beginning"
    tell(
        f"event {sequence}, {place}, breaks the chain: it was altered or inserted, or events "
        "before it were dropped or swapped"
    )
    # Whichever of the two was altered, event or link, the next one tells no new fault by itself.
    return {event.link, *made}


def _check_context(journal: Path, event: ChainedRecord, known: set[bytes], tell: Tell) -> None:
    """Check the context that an event names, once for all events that do."""
    if not isinstance(event.evidence, bytes) or len(event.evidence) < DIGEST_SIZE:
        # None was recorded, or the event's link says that it was altered.
        return
    digest = event.evidence[:DIGEST_SIZE]
    if digest in known:
        return
    known.add(digest)
    content = Contexts(journal).get(digest)
    what, of_event = f"the context {digest.hex()}", f"of event {event.record.sequence}"
    if content is not None:
        rules = msgspec.json.decode(content, type=Context).user_rules
        what = f"the rules {rules}"
        content = Contexts(journal).get(bytes.fromhex(rules)) if rules else content
    if content is None:
        tell(f"{what} {of_event} is missing or was altered")


def _events(directory: Path, tell: Tell) -> Iterator[ChainedRecord]:
    for path in segment_paths(directory):
        segment = Segment(path)
        after = segment.first_sequence - 1
        try:
            # From before the first one: what was put in front must be seen too.
            page = segment.read_chained(-1, _PAGE)
            while page:
                yield from page
                after = page[-1].record.sequence
                page = segment.read_chained(after, _PAGE)
        except (sqlite3.Error, TypeError, OverflowError) as error:
            tell(f"{path.name} cannot be read after event {after}: {error}")
        finally:
            segment.close_reader()


def _good_checkpoints(
    directory: Path, journal_id: str, trusted: Collection[str], tell: Tell
) -> list[Checkpoint]:
    known, faulty = read_checkpoints(directory / CHECKPOINTS_FILE)
    for line in faulty:
        tell(f"line {line} of {CHECKPOINTS_FILE} is no checkpoint")
    good: list[Checkpoint] = []
    for checkpoint in known:
        what = f"the checkpoint of event {checkpoint.sequence}"
        if not checkpoint.is_signed() or checkpoint.journal_id != journal_id:
            tell(f"{what} has a wrong signature, or is of another journal")
        elif checkpoint.key not in trusted:
            tell(f"{what} is signed by the key {checkpoint.key}, which is not trusted")
        elif good and checkpoint.sequence <= good[-1].sequence:
            tell(f"{what} does not follow that of event {good[-1].sequence}")
        else:
            good.append(checkpoint)
    return good
