"""Rules that OpenAPI cannot say, kept in the requests that schemathesis means to be valid.

Schemathesis loads this file in a virtual environment of its own. What breaks one of these rules is
refused; the tests beside this file show that.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis
from schemathesis import GenerationMode

_PASSWORD = "correct horse battery staple"


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Mend a request that keeps to the description and breaks a rule between its fields."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    # A cursor is one that a page before gave.
    if case.query and "cursor" in case.query:
        case.query["cursor"] = ""
    mend = _MENDERS.get(case.operation.definition.raw.get("operationId", ""))
    if mend:
        mend(case)


def _give_a_status(case: Any) -> None:
    in_body = isinstance(case.body, dict) and case.body.get("status")
    if not in_body and not (case.query or {}).get("status"):
        case.query = {**(case.query or {}), "status": "INVESTIGATING"}


def _make_a_payment(case: Any) -> None:
    """An amount has no more decimal places than its currency, a position has two sides."""
    body = case.body
    body["amount"] = max(1, int(min(float(body["amount"]), 1e9)))
    if body.get("latitude") is None or body.get("longitude") is None:
        body["latitude"] = body["longitude"] = None


def _choose_a_good_password(case: Any) -> None:
    for name in ("password", "new_password"):
        if case.body.get(name) is not None:
            case.body[name] = _PASSWORD


def _end_in_the_future(case: Any) -> None:
    if case.body.get("until") is not None:
        case.body["until"] = (datetime.now(UTC) + timedelta(days=30)).isoformat()


def _say_what_to_do_with_each_alert(case: Any) -> None:
    """Each alert comes once, a decision says which, and who assigns says to whom."""
    ids = [each if isinstance(each, str) else each["alert_id"] for each in case.body["alert_ids"]]
    case.body["alert_ids"] = list(dict.fromkeys(ids))
    if case.body["action"] == "decide":
        case.body["decision"] = case.body.get("decision") or "LEGITIMATE"
    if case.body["action"] == "assign":
        case.body["analyst_id"] = case.body.get("analyst_id") or "ana"


_MENDERS = {
    "move_alert": _give_a_status,
    "evaluate": _make_a_payment,
    "add_user": _choose_a_good_password,
    "change_user": _choose_a_good_password,
    "change_password": _choose_a_good_password,
    "change_alerts": _say_what_to_do_with_each_alert,
    "add_suppression": _end_in_the_future,
    "change_suppression": _end_in_the_future,
}
