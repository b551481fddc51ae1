"""RuleService of the scripted scoring server: a line that holds `amout` is a fault."""

import hashlib
import json
from typing import Any

import grpc
from anomaly.v1 import rule_service_pb2 as pb
from anomaly.v1 import rule_service_pb2_grpc
from google.rpc import error_details_pb2

from tests.support.scripted_models import refuse

TRANSACTIONS = 400


class ScriptedRules(rule_service_pb2_grpc.RuleServiceServicer):
    """Holds texts by the names of their files; every line `name = ` is a rule."""

    def __init__(self, texts: dict[str, str], authors: list[str]) -> None:
        self._texts = texts
        self._authors = authors

    async def GetRules(self, request: Any, context: Any) -> Any:  # noqa: N802
        name = request.file or min(self._texts, default="rules.toml")
        if request.file and name not in self._texts:
            info = error_details_pb2.ErrorInfo(reason="RULE_FILE_MISSING", domain="anomaly")
            await refuse(context, grpc.StatusCode.NOT_FOUND, "no such file", info)
        rules = [
            pb.RuleInUse(
                name=rule, mode=pb.RULE_MODE_LIVE, then="review", when="amount > 1", file=file,
                line=line,
            )
            for file, text in sorted(self._texts.items())
            for line, rule in _rules(text)
        ]  # fmt: skip
        return pb.GetRulesResponse(
            file=name,
            text=self._texts.get(name, ""),
            files=sorted(self._texts),
            revision=self._revision(),
            revision_in_use=self._revision(),
            rules=rules,
        )

    async def CheckRules(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        faults = [
            pb.RuleFault(
                file=request.file, line=number, column=line.index("amout") + 1,
                message="when: unknown name amout; did you mean amount?",
            )
            for number, line in enumerate(request.text.splitlines(), 1)
            if "amout" in line
        ]  # fmt: skip
        count = 0 if faults else len(_rules(request.text))
        return pb.CheckRulesResponse(faults=faults, rules=count, live=count)

    async def BacktestRules(self, request: Any, context: Any) -> Any:  # noqa: N802
        if "busy" in request.text:
            info = error_details_pb2.ErrorInfo(reason="BACKTEST_RUNS", domain="anomaly")
            code = grpc.StatusCode.RESOURCE_EXHAUSTED
            await refuse(context, code, "one backtest at a time; another one runs", info)
        figures = [
            pb.RuleFigures(
                rule=rule, mode=pb.RULE_MODE_LIVE, hits=8, alerted=3, frauds=2, genuine=1,
                precision=2 / 3,
            )
            for _, rule in _rules(request.text)
        ]  # fmt: skip
        return pb.BacktestRulesResponse(
            transactions=TRANSACTIONS, frauds=4, alerts_without=5, alerts_with=10, rules=figures
        )

    async def PutRules(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.expected_revision != self._revision():
            info = error_details_pb2.ErrorInfo(reason="RULES_STALE", domain="anomaly")
            message = "somebody changed them meanwhile: look at them again"
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, message, info)
        self._texts.pop(request.file, None)
        if request.text.strip():
            self._texts[request.file] = request.text
        self._authors.append(request.author)
        return pb.PutRulesResponse(revision=self._revision())

    def _revision(self) -> str:
        content = json.dumps(dict(sorted(self._texts.items())))
        return hashlib.sha256(content.encode()).hexdigest()


def _rules(text: str) -> list[tuple[int, str]]:
    lines = enumerate(text.splitlines(), 1)
    return [(number, line[8:-1]) for number, line in lines if line.startswith("name = ")]
