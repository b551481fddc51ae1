"""The range that stands for a prefix holds just the texts that have it."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from gateway.db.bulk import prefix_range

# What both databases can hold, in the order in which they compare it; surrogates are no text.
_TEXTS = st.text(
    st.characters(exclude_categories=("Cs",))
    | st.sampled_from([chr(0xD7FF), chr(0xE000), chr(sys.maxunicode), "a", "b"]),
    max_size=8,
)


@given(prefix=_TEXTS.filter(bool), text=_TEXTS)
def test_range_of_a_prefix_holds_just_the_texts_that_have_it(prefix: str, text: str) -> None:
    low, high = prefix_range(prefix)
    assert (low <= text < high) is text.startswith(prefix)
    assert low <= prefix + text < high
