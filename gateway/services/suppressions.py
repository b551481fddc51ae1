"""Looking after suppression rules. Every change is a row in the history of its rule."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.domain import suppression
from gateway.domain.listing import Listed
from gateway.domain.pagination import PageQuery
from gateway.domain.suppression import (
    SuppressedType,
    Suppression,
    SuppressionEvent,
    SuppressionHit,
)
from gateway.errors import ConflictError, NotFoundError
from gateway.services.suppression_ports import SuppressionDatabase, SuppressionUnit


class NewSuppression(msgspec.Struct, frozen=True, kw_only=True):
    """A rule to be made; see domain/suppression.py for its parts."""

    entity_type: SuppressedType
    entity_id: str
    reason_code: str | None
    include_critical: bool
    until: datetime
    comment: str


class SuppressionChangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to change about a rule; None leaves it."""

    until: datetime | None
    include_critical: bool | None
    comment: str
    expected_version: int | None


class SuppressionService:
    """The use cases of /api/suppressions."""

    def __init__(
        self,
        database: SuppressionDatabase,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
    ) -> None:
        self._database = database
        self._now = now
        self._new_id = new_id

    async def create(self, asked: NewSuppression, author: str) -> Suppression:
        """Store a new rule; it holds for what the scoring server takes in from now on.

        Raises:
            InvalidArgumentError: its end is not in the future, or too far ahead.
        """
        now = self._now()
        suppression.require_end_date(asked.until, now)
        change = suppression.create(
            Suppression(
                suppression_id=self._new_id("sup"),
                version=1,
                entity_type=asked.entity_type,
                entity_id=asked.entity_id,
                reason_code=asked.reason_code,
                include_critical=asked.include_critical,
                comment=asked.comment,
                created_by=author,
                created_time=now,
                until_time=asked.until,
            )
        )
        async with self._database.write() as unit:
            await unit.suppressions.add(change.suppression)
            await unit.suppressions.add_event(change.event)
        return change.suppression

    async def amend(
        self, suppression_id: str, asked: SuppressionChangeRequest, author: str
    ) -> Suppression:
        """Change the end of a rule, or what it says of CRITICAL alerts.

        Raises:
            NotFoundError: no such rule.
            InvalidArgumentError: the new end is not in the future, or too far ahead.
            ConflictError: the rule has ended, or another version.
        """
        now = self._now()
        if asked.until is not None:
            suppression.require_end_date(asked.until, now)
        return await self._change(
            suppression_id,
            asked.expected_version,
            lambda rule: suppression.amend(
                rule, asked.until, asked.include_critical, asked.comment, author, now
            ),
        )

    async def end(
        self, suppression_id: str, comment: str, author: str, expected_version: int | None
    ) -> Suppression:
        """End a rule now.

        Raises:
            NotFoundError: no such rule.
            ConflictError: the rule has ended, or another version.
        """
        now = self._now()
        return await self._change(
            suppression_id,
            expected_version,
            lambda rule: suppression.end(rule, comment, author, now),
        )

    async def page(self, holding: bool | None, query: PageQuery) -> Listed[Suppression]:
        """Return rules, newest first: those that hold now, those that do not, or all."""
        async with self._database.read() as unit:
            return await unit.suppressions.page(holding, self._now(), query)

    async def get(self, suppression_id: str) -> tuple[Suppression, list[SuppressionEvent]]:
        """Return a rule and its history, oldest first, or raise NotFoundError."""
        async with self._database.read() as unit:
            rule = await _read(unit, suppression_id)
            return rule, await unit.suppressions.events(suppression_id)

    async def hits(self, suppression_id: str, query: PageQuery) -> Listed[SuppressionHit]:
        """Return the alerts that a rule held back, newest first, or raise NotFoundError."""
        async with self._database.read() as unit:
            rule = await _read(unit, suppression_id)
            return await unit.suppressions.hits(rule, query)

    async def _change(
        self,
        suppression_id: str,
        expected_version: int | None,
        decide: Callable[[Suppression], suppression.SuppressionChange],
    ) -> Suppression:
        async with self._database.write() as unit:
            rule = await _read(unit, suppression_id)
            if expected_version not in {None, rule.version}:
                raise _stale(rule.version, expected_version)
            change = decide(rule)
            if not await unit.suppressions.change(change.suppression, rule.version):
                raise _stale(None, rule.version)
            await unit.suppressions.add_event(change.event)
        return change.suppression


async def _read(unit: SuppressionUnit, suppression_id: str) -> Suppression:
    rule = await unit.suppressions.get(suppression_id)
    if rule is None:
        raise NotFoundError("no such suppression rule", details={"suppression_id": suppression_id})
    return rule


def _stale(version: int | None, expected_version: int | None) -> ConflictError:
    return ConflictError(
        "somebody else changed the rule; read it again",
        reason="STALE_VERSION",
        details={"version": version, "expected_version": expected_version},
    )
