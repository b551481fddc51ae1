"""The client's part for user rules: what they say, what others would do, and changing them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from anomaly.v1 import rule_service_pb2, rule_service_pb2_grpc

from gateway.domain.rule import (
    RuleFault,
    RuleFigures,
    RuleInUse,
    RuleMode,
    RulesBacktested,
    RulesChecked,
    RulesShown,
)
from gateway.errors import ConflictError, NotFoundError, ResourceExhaustedError
from gateway.scoring.status import reason_of, translated

# A check of a thousand rules takes a second; a backtest reads the whole journal.
_CHECK_TIMEOUT_S = 20.0
_BACKTEST_TIMEOUT_S = 300.0
_BACKTEST_RETRY_S = 5.0
_MODES = {
    rule_service_pb2.RULE_MODE_SHADOW: RuleMode.SHADOW,
    rule_service_pb2.RULE_MODE_LIVE: RuleMode.LIVE,
}


class RuleClient:
    """Asks RuleService over a channel.

    All raise UnavailableError where the server is away and InvalidArgumentError where it does not
    take a file's name or a text.
    """

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub: Any = rule_service_pb2_grpc.RuleServiceStub(channel)
        self._timeout_s = timeout_s

    async def shown(self, file: str) -> RulesShown:
        """Return a file, the first one for an empty name, and what counts.

        Raises:
            NotFoundError: there is no such file.
            ConflictError: it is too large for a call.
        """
        request = rule_service_pb2.GetRulesRequest(file=file)
        with translated(), _refusals():
            answer = await self._stub.GetRules(request, timeout=self._timeout_s)
        return RulesShown(
            file=answer.file,
            text=answer.text,
            files=list(answer.files),
            revision=answer.revision,
            revision_in_use=answer.revision_in_use,
            rules=[
                RuleInUse(
                    name=each.name,
                    mode=_MODES[each.mode],
                    then=each.then,
                    when=each.when,
                    file=each.file,
                    line=each.line,
                )
                for each in answer.rules
                if each.mode in _MODES
            ],
            faults=_faults(answer.faults),
        )

    async def checked(self, file: str, text: str) -> RulesChecked:
        """Return what is wrong with a text in the place of a file."""
        request = rule_service_pb2.CheckRulesRequest(file=file, text=text)
        with translated(), _refusals():
            answer = await self._stub.CheckRules(request, timeout=_CHECK_TIMEOUT_S)
        return RulesChecked(faults=_faults(answer.faults), rules=answer.rules, live=answer.live)

    async def backtested(self, file: str, text: str) -> RulesBacktested:
        """Return what the set would have hit with a text in the place of a file.

        Raises:
            NotFoundError: nothing was recorded.
            ResourceExhaustedError: another backtest runs.
        """
        request = rule_service_pb2.BacktestRulesRequest(file=file, text=text)
        with translated(), _refusals():
            answer = await self._stub.BacktestRules(request, timeout=_BACKTEST_TIMEOUT_S)
        return RulesBacktested(
            transactions=answer.transactions,
            skipped=answer.skipped,
            frauds=answer.frauds,
            alerts_without=answer.alerts_without,
            alerts_with=answer.alerts_with,
            rules=[
                RuleFigures(
                    rule=each.rule,
                    mode=_MODES[each.mode],
                    hits=each.hits,
                    alerted=each.alerted,
                    frauds=each.frauds,
                    genuine=each.genuine,
                    precision=each.precision if each.HasField("precision") else None,
                    recall=each.recall if each.HasField("recall") else None,
                )
                for each in answer.rules
                if each.mode in _MODES
            ],
        )

    async def put(self, file: str, text: str, expected_revision: str, author: str) -> str:
        """Put a text in the place of a file; return the revision of the set afterwards.

        Raises:
            ConflictError: the set has another revision, or cannot be changed.
        """
        request = rule_service_pb2.PutRulesRequest(
            file=file, text=text, expected_revision=expected_revision, author=author
        )
        with translated(), _refusals():
            answer = await self._stub.PutRules(request, timeout=_CHECK_TIMEOUT_S)
        revision: str = answer.revision
        return revision


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        code, reason, message = error.code(), reason_of(error), error.details() or ""
        if code is grpc.StatusCode.NOT_FOUND:
            raise NotFoundError(message, reason=reason) from error
        if code is grpc.StatusCode.FAILED_PRECONDITION:
            raise ConflictError(message, reason=reason) from error
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and reason == "BACKTEST_RUNS":
            raise ResourceExhaustedError(
                message, reason=reason, retry_after_s=_BACKTEST_RETRY_S
            ) from error
        raise


def _faults(faults: Any) -> list[RuleFault]:
    return [
        RuleFault(file=each.file, line=each.line, column=each.column, message=each.message)
        for each in faults
    ]
