import re
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from gateway.rest.encoded_slash import PATTERN, path_of, restored

_IDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("/%2Ff"), min_size=1
)


@given(_IDS)
def test_any_id_comes_back_from_its_segment(entity_id: str) -> None:
    raw = f"/api/entities/ACCOUNT/{quote(entity_id, safe='')}/timeline"
    path = path_of(unquote(raw), raw.encode())
    segments = path.split("/")
    assert len(segments) == 6
    assert re.fullmatch(PATTERN, segments[4])
    assert restored(segments[4]) == entity_id


def test_path_without_encoded_slash_stays_as_it_is() -> None:
    assert path_of("/api/a b", b"/api/a%20b") == "/api/a b"
    assert path_of("/api/x", None) == "/api/x"
