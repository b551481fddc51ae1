"""Seeing, checking, trying and changing user rules."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post, put
from litestar.params import HeaderParameter, JSONBody

from gateway.domain.rule import RuleFault
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.if_match import expected_revision, revision_tag
from gateway.rest.schemas.rules import (
    RuleChangeBody,
    RuleChangeEnvelope,
    RuleFaultBody,
    RuleFiguresBody,
    RuleInUseBody,
    RulesBacktestedBody,
    RulesBacktestedEnvelope,
    RulesBody,
    RulesCheckedBody,
    RulesCheckedEnvelope,
    RulesEnvelope,
    RuleTextBody,
)
from gateway.rest.session import analyst_of, client_of
from gateway.rest.wiring_rules import RuleFile, Rules
from gateway.services.people import Author

_PLACES = 2


class RuleController(Controller):
    """Paths below /api/rules."""

    path = "/api/rules"
    tags = ("rules",)

    @get(responses=RESPONSES, operation_id="get_rules", summary="Get the rules")
    async def get_rules(self, rules: Rules, file: RuleFile = "") -> Response[RulesEnvelope]:
        """Return the text of a file of rules, and which rules count.

        The ETag is the revision of the whole set, for If-Match.
        """
        found = await rules.shown(file)
        body = RulesBody(
            found.file,
            found.text,
            found.files,
            found.revision,
            found.revision_in_use,
            [
                RuleInUseBody(each.name, each.mode, each.then, each.when, each.file, each.line)
                for each in found.rules
            ],
            _faults(found.faults),
        )
        return Response(RulesEnvelope(body), headers=revision_tag(found.revision))

    @put(
        dto=JsonBody[RuleTextBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="put_rules",
        summary="Change the rules",
    )
    async def put_rules(
        self,
        request: Request[Any, Any, Any],
        rules: Rules,
        data: JSONBody[RuleTextBody],
        if_match: Annotated[
            str,
            HeaderParameter(
                name="If-Match", description="the ETag that was seen; without it nothing is changed"
            ),
        ] = "",
    ) -> Response[RuleChangeEnvelope]:
        """Put a text in the place of a file, for all transactions from now on.

        Whole or not at all. 422 RULES_INVALID with every fault in details.faults, 409 RULES_STALE
        when somebody changed the rules since; then nothing has changed.
        """
        revision = await rules.put(
            data.file,
            data.text,
            expected_revision(if_match),
            Author(analyst_of(None), client_of(request)),
        )
        body = RuleChangeEnvelope(RuleChangeBody(data.file, revision))
        return Response(body, headers=revision_tag(revision))

    @post(
        "/check",
        dto=JsonBody[RuleTextBody],
        return_dto=None,
        status_code=200,
        responses=RESPONSES,
        operation_id="check_rules",
        summary="Check rules",
    )
    async def check_rules(self, rules: Rules, data: JSONBody[RuleTextBody]) -> RulesCheckedEnvelope:
        """Say what is wrong with a text in the place of a file. Changes nothing."""
        found = await rules.checked(data.file, data.text)
        return RulesCheckedEnvelope(
            RulesCheckedBody(_faults(found.faults), found.rules, found.live)
        )

    @post(
        "/backtest",
        dto=JsonBody[RuleTextBody],
        return_dto=None,
        status_code=200,
        responses=RESPONSES,
        operation_id="backtest_rules",
        summary="Try rules on what was recorded",
    )
    async def backtest_rules(
        self, rules: Rules, data: JSONBody[RuleTextBody]
    ) -> RulesBacktestedEnvelope:
        """Say what the rules would have hit, with a text in the place of a file.

        Changes nothing. Looks at all recorded transactions, which takes its time; 429
        BACKTEST_RUNS while another one runs. Faults are as in a change.
        """
        found = await rules.backtested(data.file, data.text)
        return RulesBacktestedEnvelope(
            RulesBacktestedBody(
                found.transactions,
                found.skipped,
                found.frauds,
                found.alerts_without,
                found.alerts_with,
                [
                    RuleFiguresBody(
                        each.rule,
                        each.mode,
                        each.hits,
                        each.alerted,
                        each.frauds,
                        each.genuine,
                        _percent(each.precision),
                        _percent(each.recall),
                    )
                    for each in found.rules
                ],
            )
        )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, _PLACES)


def _faults(faults: Sequence[RuleFault]) -> list[RuleFaultBody]:
    return [RuleFaultBody(each.file, each.line, each.column, each.message) for each in faults]
