from hypothesis import given
from hypothesis import strategies as st

from scoring_server.journal.chain import GENESIS, chained, chained_block
from scoring_server.journal.journal import KIND_TRANSACTION, JournalBlock

_SIGNED = st.integers(-(2**63), 2**63 - 1)
_EVENTS = st.lists(
    st.tuples(_SIGNED, st.binary(min_size=8, max_size=8), st.binary(), st.binary()),
    min_size=1,
    max_size=5,
)


@given(_EVENTS, st.booleans(), st.integers(1, 2**62))
def test_block_is_chained_like_its_rows(events, has_evidence, time_ns):
    sequences = range(7, 7 + len(events))
    block = JournalBlock(
        time_ns,
        list(sequences),
        [key for key, *_ in events],
        b"".join(row for _, row, *_ in events),
        [payload for *_, payload, _ in events],
        [evidence for *_, evidence in events] if has_evidence else (),
    )
    rows = [
        (sequence, time_ns, KIND_TRANSACTION, key, row, payload, evidence if has_evidence else b"")
        for sequence, (key, row, payload, evidence) in zip(sequences, events, strict=True)
    ]
    assert chained_block(GENESIS, block) == chained(GENESIS, rows)
