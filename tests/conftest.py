"""What all tests need: reproducible properties and no network in unit tests."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_socket

UNIT_TESTS = Path(__file__).parent / "unit"

# The examples are the same in every run, so that a red run can be repeated; the time of one example
# says nothing on a shared machine.
hypothesis.settings.register_profile("default", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile("default")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse sockets in tests/unit, save the Unix pair that asyncio wakes itself with."""
    if not request.path.is_relative_to(UNIT_TESTS):
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
