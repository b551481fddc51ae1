"""One filled gateway for each database, shared by all tests of the contract."""

from collections.abc import Iterator

import pytest

from tests.contract.served import Served, served
from tests.support.postgresql import fresh_database


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Yield a gateway with data. A test that changes something raises alerts of its own for it."""
    folder = tmp_path_factory.mktemp("contract")
    if request.param == "sqlite":
        with served(folder, f"sqlite:///{folder}/gateway.sqlite") as filled:
            filled.fill()
            yield filled
        return
    with (
        fresh_database(request.getfixturevalue("postgresql")) as url,
        served(folder, url) as filled,
    ):
        filled.fill()
        yield filled
