"""What counting and analytics need from the database, declared by those who use it."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.labels import Facts, LabelReport, Standing
from gateway.domain.performance import Tally


class Labels(Protocol):
    """What was said about transactions; see db/repositories/labels.py."""

    async def lock(self) -> None: ...
    async def add_reports(self, reports: Sequence[LabelReport]) -> list[LabelReport]: ...
    async def reports(self, label_ids: Sequence[str]) -> dict[str, LabelReport]: ...
    async def history(self, transaction_ids: Sequence[str]) -> dict[str, list[LabelReport]]: ...
    async def standings(self, transaction_ids: Sequence[str]) -> dict[str, Standing]: ...
    async def put(self, standings: Sequence[Standing]) -> None: ...
    async def facts(self, transaction_ids: Sequence[str]) -> dict[str, Facts]: ...


class Performance(Protocol):
    """The counts; see db/repositories/performance.py."""

    async def add(self, tally: Tally) -> None: ...


class CountingUnit(Protocol):
    """One database transaction."""

    @property
    def labels(self) -> Labels: ...
    @property
    def performance(self) -> Performance: ...
