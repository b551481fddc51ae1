"""docs/configuration.md lists exactly the variables that the programs read, with their defaults."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from gateway.config import load_config as load_gateway_config
from scoring_server.config import load_config as load_scoring_config

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/configuration.md").read_text()
# Read where no configuration object is made: before Numba is imported, and by tests.
READ_ELSEWHERE = {"ANOMALY_CACHE_DIR", "SCORING_TARGET", "DATA_DIR"}


class Recorder(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def asked_by(load: Callable[[Mapping[str, str]], object]) -> set[str]:
    recorder = Recorder()
    load(recorder)
    return recorder.asked


def documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", PAGE, re.MULTILINE))


@pytest.mark.parametrize("load", [load_scoring_config, load_gateway_config])
def test_every_variable_that_is_read_is_documented(
    load: Callable[[Mapping[str, str]], object],
) -> None:
    asked = asked_by(load)
    assert len(asked) > 10
    assert not asked - documented()


def test_every_documented_variable_is_read() -> None:
    asked = asked_by(load_scoring_config) | asked_by(load_gateway_config) | READ_ELSEWHERE
    assert not documented() - asked
