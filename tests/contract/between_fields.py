"""Rules that OpenAPI cannot say, kept in the requests that schemathesis means to be valid.

Schemathesis loads this file in a virtual environment of its own. What breaks one of these rules is
refused; the tests beside this file show that.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis
from schemathesis import GenerationMode

_PASSWORD = "correct horse battery staple"
# The deepest page of 100 rows that every list answers.
_PAGE_MAX = 10
_ENTITIES = ("account", "merchant", "device", "ip", "instrument", "counterparty")
_LABEL_FILE = "transaction_id,value,source,known_time\ntx-1,FRAUD,CHARGEBACK,2026-02-09T10:00:00Z\n"


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Mend a request that keeps to the description and breaks a rule between its fields."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    _keep_to_what_was_answered(case.query or {})
    mend = _MENDERS.get(case.operation.definition.raw.get("operationId", ""))
    if mend:
        mend(case)


def _keep_to_what_was_answered(query: Any) -> None:
    """A cursor is one that a page before gave; page numbers do not reach as deep as cursors."""
    if "cursor" in query:
        query["cursor"] = ""
    if "page" in query:
        query["page"] = min(int(query["page"]), _PAGE_MAX)


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


def _name_days(case: Any) -> None:
    for name, day in (("start_date", "2026-02-01"), ("end_date", "2026-02-09")):
        if (case.query or {}).get(name):
            case.query[name] = day


def _name_a_currency(case: Any) -> None:
    if (case.query or {}).get("currency"):
        case.query["currency"] = "EUR"


def _start_now(case: Any) -> None:
    """An id to resume from is one that an event had."""
    for given in (case.query or {}, case.headers or {}):
        for name in ("last_event_id", "Last-Event-ID"):
            if name in given:
                given[name] = ""


def _name_an_entity(case: Any) -> None:
    """One entity at least; an address is one."""
    query = case.query or {}
    if query.get("ip"):
        query["ip"] = "203.0.113.7"
    if not any(query.get(name) for name in _ENTITIES):
        case.query = {**query, "account": "account-1"}


def _name_a_receiver(case: Any) -> None:
    if case.body.get("url") is not None:
        case.body["url"] = "https://receiver.example/alerts"


def _change_something(case: Any) -> None:
    if not case.body.get("add") and not case.body.get("remove"):
        case.body["add"] = ["alr_0"]


def _know_in_the_past(case: Any) -> None:
    for label in case.body:
        if label.get("known_time") is not None:
            label["known_time"] = "2026-02-09T10:00:00Z"


def _send_a_file(case: Any) -> None:
    case.body = _LABEL_FILE


def _name_no_file(case: Any) -> None:
    if "file" in (case.query or {}):
        case.query["file"] = ""


def _leave_the_folder_empty(case: Any) -> None:
    """Rules are TOML, and changed from the revision that they have: that of no file."""
    case.body = {"file": "rules.toml", "text": ""}
    revision = hashlib.sha256(b"{}").hexdigest()
    case.headers = {**(case.headers or {}), "If-Match": f'"{revision}"'}


_MENDERS = {
    "put_rules": _leave_the_folder_empty,
    "get_rules": _name_no_file,
    "confusion_matrix": _name_days,
    "thresholds": _name_a_currency,
    "follow_alerts": _start_now,
    "list_transactions": _name_an_entity,
    "add_webhook": _name_a_receiver,
    "change_webhook": _name_a_receiver,
    "change_case_alerts": _change_something,
    "report_labels": _know_in_the_past,
    "report_label_file": _send_a_file,
    "move_alert": _give_a_status,
    "evaluate": _make_a_payment,
    "add_user": _choose_a_good_password,
    "change_user": _choose_a_good_password,
    "change_password": _choose_a_good_password,
    "change_alerts": _say_what_to_do_with_each_alert,
    "add_suppression": _end_in_the_future,
    "change_suppression": _end_in_the_future,
}
