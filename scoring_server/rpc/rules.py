"""RuleService: what the user rules say, what others would do, and changing them."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from anomaly.v1 import rule_service_pb2

from scoring_server.engine.rule_backtest import Backtested
from scoring_server.engine.rule_backtest_apart import backtest_apart
from scoring_server.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
)
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, UnaryMethod
from scoring_server.rpc.validation import VIOLATIONS_MAX, invalid
from scoring_server.rules.rule import Fault, Rule
from scoring_server.rules.rule_book import RuleBook
from scoring_server.rules.rule_set import RulesError, RuleSet, digest_of, read_texts, with_text

SERVICE: Final = "anomaly.v1.RuleService"
TEXT_BYTES_MAX: Final = 1_000_000
_FIRST_FILE: Final = "rules.toml"
# No path, and nothing that is hidden.
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,94}\.toml")
_AUTHOR_CHARACTERS_MAX: Final = 128
_MODES: Final = {
    "shadow": rule_service_pb2.RULE_MODE_SHADOW,
    "live": rule_service_pb2.RULE_MODE_LIVE,
}


class RuleService:
    """Answers RuleService.

    Args:
        book: the rules in use.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        behaviors: dict[str, Callable[[bytes, Call], bytes]] = {
            "GetRules": self.get,
            "CheckRules": self.check,
            "BacktestRules": self.backtest,
            "PutRules": self.put,
        }
        return [
            UnaryMethod(SERVICE, name, Pool.ADMIN, behavior) for name, behavior in behaviors.items()
        ]

    def get(self, request: bytes, _call: Call) -> bytes:
        """Return the text of a file, and what counts."""
        message = parse(rule_service_pb2.GetRulesRequest, request)
        texts = read_texts(self._book.directory)
        name = message.file or min(texts, default=_FIRST_FILE)
        if message.file and name not in texts:
            raise NotFoundError(
                f"file must be one of {', '.join(texts) or 'none'}, was {name}",
                reason="RULE_FILE_MISSING",
            )
        text = texts.get(name, "")
        if (size := len(text.encode())) > TEXT_BYTES_MAX:
            raise FailedPreconditionError(
                f"{name} must have at most {TEXT_BYTES_MAX} bytes to be changed by a call, has "
                f"{size}; change it in {self._book.directory}, or make several of it",
                reason="RULE_FILE_TOO_LARGE",
            )
        in_use = self._book.rules
        return rule_service_pb2.GetRulesResponse(
            file=name,
            text=text,
            files=sorted(texts),
            revision=digest_of(texts),
            revision_in_use=in_use.sha256,
            rules=[_in_use(rule) for rule in in_use.rules],
            faults=_faults(self._book.faults),
        ).SerializeToString()

    def check(self, request: bytes, _call: Call) -> bytes:
        """Say what is wrong with a text."""
        message = parse(rule_service_pb2.CheckRulesRequest, request)
        answer = rule_service_pb2.CheckRulesResponse()
        try:
            rules = self._tried(message)
        except RulesError as error:
            answer.faults.extend(_faults(error.faults))
        else:
            answer.rules = len(rules.rules)
            answer.live = sum(rule.mode == "live" for rule in rules.rules)
        return answer.SerializeToString()

    def backtest(self, request: bytes, call: Call) -> bytes:
        """Say what a text would have hit."""
        message = parse(rule_service_pb2.BacktestRulesRequest, request)
        try:
            rules = self._tried(message)
        except RulesError as error:
            raise _refused(error) from error
        told = backtest_apart(rules, self._book.data_dir, call.time_remaining_s(), call.on_end)
        return _backtested(told).SerializeToString()

    def put(self, request: bytes, _call: Call) -> bytes:
        """Put a text in the place of a file."""
        message = parse(rule_service_pb2.PutRulesRequest, request)
        found = _violations(message)
        if not message.expected_revision:
            found.append(FieldViolation("expected_revision", "must be given"))
        if len(message.author) > _AUTHOR_CHARACTERS_MAX:
            found.append(
                FieldViolation(
                    "author",
                    f"must have at most {_AUTHOR_CHARACTERS_MAX} characters, had "
                    f"{len(message.author)}",
                )
            )
        if found:
            raise invalid(found)
        try:
            revision = self._book.put(
                message.file, message.text, message.expected_revision, message.author
            )
        except RulesError as error:
            raise _refused(error) from error
        return rule_service_pb2.PutRulesResponse(revision=revision).SerializeToString()

    def _tried(self, message: Any) -> RuleSet:
        found = _violations(message)
        if found:
            raise invalid(found)
        return RuleSet(with_text(read_texts(self._book.directory), message.file, message.text))


def _violations(message: Any) -> list[FieldViolation]:
    found = []
    if not _FILE.fullmatch(message.file):
        allowed = "letters, digits, ., - and _, ending with .toml, at most 100 characters"
        found.append(FieldViolation("file", f"must be {allowed}; was {message.file[:100]!r}"))
    if (size := len(message.text.encode())) > TEXT_BYTES_MAX:
        found.append(
            FieldViolation("text", f"must have at most {TEXT_BYTES_MAX} bytes, had {size}")
        )
    return found


def _refused(error: RulesError) -> InvalidArgumentError:
    violations = [FieldViolation("text", str(fault)) for fault in error.faults[:VIOLATIONS_MAX]]
    return InvalidArgumentError(error.message, reason="RULES_INVALID", violations=tuple(violations))


def _faults(faults: Sequence[Fault]) -> list[rule_service_pb2.RuleFault]:
    return [rule_service_pb2.RuleFault(**fault._asdict()) for fault in faults]


def _in_use(rule: Rule) -> rule_service_pb2.RuleInUse:
    return rule_service_pb2.RuleInUse(
        name=rule.name,
        mode=_MODES[rule.mode],
        then=f"{rule.weight:g}" if rule.weight else rule.action,
        when=" ".join(rule.when.split()) or f"{rule.entity} among {len(rule.ids)} listed",
        file=rule.file,
        line=rule.place.line,
    )


def _backtested(told: Backtested) -> rule_service_pb2.BacktestRulesResponse:
    return rule_service_pb2.BacktestRulesResponse(
        transactions=told.transactions,
        skipped=told.skipped,
        frauds=told.frauds,
        alerts_without=told.alerts_without,
        alerts_with=told.alerts_with,
        rules=[
            rule_service_pb2.RuleFigures(
                rule=each.rule,
                mode=_MODES[each.mode],
                hits=each.hits,
                alerted=each.alerted,
                frauds=each.frauds,
                genuine=each.genuine,
                precision=each.precision,
                recall=each.recall,
            )
            for each in told.rules
        ],
    )
