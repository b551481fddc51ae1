"""What all tests need.

Reproducible properties, no network in unit tests, and a PostgreSQL server for those that want one.
"""

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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    from tests.support.postgresql import running_server

    with running_server() as url:
        yield url
