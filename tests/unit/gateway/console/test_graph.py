"""Whatever an entity is linked with, the picture stays within its frame and joins everything."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.console.graph import HEIGHT, WIDTH, graph_of
from gateway.domain.entity import EntityKind, LinkKind
from gateway.rest.schemas.entities import LinkBody, LinksBody, SharedBody

NOW = datetime(2026, 2, 9, tzinfo=UTC)
NAMES = st.text(min_size=1, max_size=64)


def shared(kind: LinkKind, value: str, others: list[str]) -> SharedBody:
    return SharedBody(
        kind=kind,
        value=value,
        transactions=1,
        last_seen=NOW,
        truncated=False,
        links=[
            LinkBody(entity_type=EntityKind.ACCOUNT, entity_id=each, transactions=1, last_seen=NOW)
            for each in others
        ],
    )


THINGS = st.builds(shared, st.sampled_from(LinkKind), NAMES, st.lists(NAMES, max_size=8))


@given(st.lists(THINGS, max_size=20))
def test_everything_is_joined_to_the_entity_and_within_the_frame(things: list[SharedBody]) -> None:
    links = LinksBody(
        entity_type=EntityKind.ACCOUNT,
        entity_id="account-1",
        transactions=1,
        truncated=False,
        shared=things,
    )
    centre, *others = graph_of(links).nodes
    assert centre.parent is None
    assert (centre.x, centre.y) == (WIDTH / 2, HEIGHT / 2)
    for node in others:
        assert 0 <= node.x <= WIDTH
        assert 0 <= node.y <= HEIGHT
        assert node.parent is centre or (node.parent and node.parent.parent is centre)
    assert len(others) >= min(len(things), 1)
