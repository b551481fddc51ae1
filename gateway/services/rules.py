"""User rules: seen by all, changed by supervisors, each change in the record of access."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.domain.people import AccessEvent
from gateway.domain.rule import RulesBacktested, RulesChecked, RulesShown
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.services.models_ports import AccessRecord
from gateway.services.people import Author
from gateway.services.rules_ports import RuleServer


class RuleService:
    """Asks the scoring server, whose folder holds the rules, and notes what was changed.

    All raise what scoring/rules.py raises.
    """

    def __init__(
        self, server: RuleServer, database: AccessRecord, now: Callable[[], datetime]
    ) -> None:
        self._server = server
        self._database = database
        self._now = now

    async def shown(self, file: str) -> RulesShown:
        """Return a file, the first one for an empty name, and what counts."""
        return await self._server.shown(file)

    async def checked(self, file: str, text: str) -> RulesChecked:
        """Return what is wrong with a text in the place of a file."""
        return await self._server.checked(file, text)

    async def backtested(self, file: str, text: str) -> RulesBacktested:
        """Return what a text would have hit.

        Raises:
            InvalidArgumentError: it has faults.
        """
        await self._require_sound(file, text)
        return await self._server.backtested(file, text)

    async def put(self, file: str, text: str, expected_revision: str, author: Author) -> str:
        """Put a text in the place of a file; return the revision of the set afterwards.

        Noted after the server has made the change, as those of models are.

        Raises:
            InvalidArgumentError: it has faults.
        """
        await self._require_sound(file, text)
        revision = await self._server.put(file, text, expected_revision, author.name)
        event = AccessEvent(
            event_id=None,
            event_time=self._now(),
            action="RULES_CHANGED",
            actor=author.name,
            subject=file,
            client=author.client,
            detail=f"from={expected_revision} to={revision}",
        )
        async with self._database.write() as unit:
            await unit.people.add_access_events([event])
        return revision

    async def _require_sound(self, file: str, text: str) -> None:
        found = (await self._server.checked(file, text)).faults
        if found:
            raise InvalidArgumentError(
                f"the rules have {len(found)} fault{'s' if len(found) > 1 else ''}: {found[0]}",
                reason="RULES_INVALID",
                details={"faults": msgspec.to_builtins(found)},
                faults=tuple(FieldFault("text", str(each)) for each in found),
            )
