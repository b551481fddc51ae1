"""What the service of rules needs from the outside."""

from typing import Protocol

from gateway.domain.rule import RulesBacktested, RulesChecked, RulesShown


class RuleServer(Protocol):
    """The scoring server's rules; see scoring/rules.py."""

    async def shown(self, file: str) -> RulesShown: ...
    async def checked(self, file: str, text: str) -> RulesChecked: ...
    async def backtested(self, file: str, text: str) -> RulesBacktested: ...
    async def put(self, file: str, text: str, expected_revision: str, author: str) -> str: ...
