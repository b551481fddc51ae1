"""From TOML texts to rules and lists, with every fault and its place."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any, Final

from scoring_server.detectors.reasons import REASONS
from scoring_server.rules.names import ENTITIES
from scoring_server.rules.parsing import parse_condition
from scoring_server.rules.places import Place, Places
from scoring_server.rules.rule import Action, Collected, Fault, Mode, Rule
from scoring_server.rules.tree import ConditionError, Parsed

RULES_MAX: Final = 1_000
LISTED_MAX: Final = 100_000
FILE_BYTES_MAX: Final = 4_000_000
NEVER_NS: Final = 2**63 - 1
LIST_ACTIONS: Final[dict[str, Action]] = {
    "allow": "approve",
    "watch": "review",
    "block": "decline",
}
_MODES: Final = ("shadow", "live")
_DECISIONS: Final = ("approve", "review", "decline")
_RULE_KEYS: Final = ("name", "when", "then", "code", "says", "mode")
_LIST_KEYS: Final = ("name", "kind", "entity", "entries", "code", "says", "mode")
_ENTRY_KEYS: Final = ("id", "until", "note")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_SAYS_CHARACTERS_MAX: Final = 200
_ID_CHARACTERS_MAX: Final = 128
_WEIGHT_MAX: Final = 0.999


def collect(texts: Mapping[str, str]) -> Collected:
    """Return rules, lists and faults of files, by their names.

    Whatever is found together with a fault is not to be used.
    """
    found = Collected()
    for name in sorted(texts):
        _File(name, texts[name], found).read()
    if len(found.rules) > RULES_MAX:
        message = f"must be at most {RULES_MAX} rules and lists, were {len(found.rules)}"
        found.faults.append(Fault("", 0, 0, message))
    if len(found.entries) > LISTED_MAX:
        message = f"lists must hold at most {LISTED_MAX} ids together, held {len(found.entries)}"
        found.faults.append(Fault("", 0, 0, message))
    return found


class _File:
    def __init__(self, name: str, text: str, found: Collected) -> None:
        self._name = name
        self._text = text
        self._found = found
        self._places = Places("")
        self._table, self._index = "", 0

    def read(self) -> None:
        try:
            content = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            self._found.faults.append(_of_toml(self._name, error))
            return
        self._places = Places(self._text)
        for key in content:
            if key not in ("rule", "list"):
                self._fault(Place(0, 0), f"{key} is not known here; allowed are [[rule]], [[list]]")
        for table, take in (("rule", self._take_rule), ("list", self._take_list)):
            tables = content.get(table, [])
            if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
                self._fault(Place(0, 0), f"{table} must be tables, written as [[{table}]]")
                continue
            for index, each in enumerate(tables):
                self._table, self._index = table, index
                take(each)

    def _take_rule(self, table: dict[str, Any]) -> None:
        before = len(self._found.faults)
        self._check_keys(table, _RULE_KEYS)
        name = self._name_of(table)
        when = self._text_of(table, "when", None)
        parsed = self._condition(when) if when is not None else None
        action, weight = self._action(table)
        code = self._code(table, name.upper().replace("-", "_"))
        says = self._says(table, f"Rule {name}: {' '.join((when or '').split())}.")
        mode = self._mode(table)
        if len(self._found.faults) == before:
            place = self._places.of_table("rule", self._index)
            self._found.rules.append(
                Rule(name, action, weight, code, says, mode, self._name, place, when or "", parsed)
            )

    def _take_list(self, table: dict[str, Any]) -> None:
        before = len(self._found.faults)
        self._check_keys(table, _LIST_KEYS)
        name = self._name_of(table)
        kind = self._one_of(table, "kind", tuple(LIST_ACTIONS), None)
        entity = self._one_of(table, "entity", tuple(ENTITIES), None)
        code = self._code(table, f"{kind.upper()}_LIST")
        says = self._says(table, f"The {entity} is on the {kind} list {name}.")
        mode = self._mode(table)
        entries = list(self._entries(table.get("entries"))) if "entries" in table else []
        if "entries" not in table:
            self._fault(self._at("entries"), "entries must be given: ids, or tables with id, until")
        if len(self._found.faults) > before:
            return
        index, known = len(self._found.rules), ENTITIES[entity]
        for text, until_ns in entries:
            self._found.entries += [(key, known.place, index, until_ns) for key in known.keys(text)]
        place = self._places.of_table("list", self._index)
        rule = Rule(name, LIST_ACTIONS[kind], 0.0, code, says, mode, self._name, place)
        self._found.rules.append(replace(rule, entity=entity, ids=tuple(entries)))

    def _entries(self, entries: Any) -> Iterable[tuple[str, int]]:
        if not isinstance(entries, list):
            self._fault(self._at("entries"), "entries must be an array of ids, or of tables")
            return
        for number, entry in enumerate(entries, 1):
            table = {"id": entry} if isinstance(entry, str) else entry
            if not isinstance(table, dict) or set(table) - set(_ENTRY_KEYS):
                message = f"entry {number} must be an id or a table of {', '.join(_ENTRY_KEYS)}"
                self._fault(self._at("entries"), message)
                continue
            text, until = table.get("id"), table.get("until")
            if not isinstance(text, str) or not 0 < len(text) <= _ID_CHARACTERS_MAX:
                message = f"id of entry {number} must be a text of 1..{_ID_CHARACTERS_MAX} letters"
                self._fault(self._at("entries"), message)
            elif until is not None and not isinstance(until, date):
                message = f"until of entry {number} must be a time, such as 2027-01-31T00:00:00Z"
                self._fault(self._at("entries"), f"{message}, was {until!r}")
            else:
                yield text, NEVER_NS if until is None else _nanoseconds(until)

    def _condition(self, when: str) -> Parsed | None:
        try:
            return parse_condition(when)
        except ConditionError as error:
            inner = Place(error.line, error.column)
            place = self._places.in_text(self._table, self._index, "when", inner)
            self._fault(place, f"when: {error.message}")
            return None

    def _action(self, table: dict[str, Any]) -> tuple[Action, float]:
        then = table.get("then")
        if isinstance(then, int | float) and not isinstance(then, bool):
            if 0.0 < then <= _WEIGHT_MAX:
                return "score", float(then)
        elif then in _DECISIONS:
            return then, 0.0
        allowed = " or ".join(f'"{decision}"' for decision in _DECISIONS)
        was = f"was {then!r}" if "then" in table else "was not given"
        message = f"then must be {allowed}, or a strength of 0.001..{_WEIGHT_MAX}; {was}"
        self._fault(self._at("then"), message)
        return "score", 0.0

    def _mode(self, table: dict[str, Any]) -> Mode:
        return "live" if self._one_of(table, "mode", _MODES, "shadow") == "live" else "shadow"

    def _name_of(self, table: dict[str, Any]) -> str:
        name = self._text_of(table, "name", None) or ""
        if name and not _NAME.fullmatch(name):
            message = f"name must be 1..64 small letters, digits, - and _, was {name!r}"
            self._fault(self._at("name"), message)
        for other in self._found.rules:
            if other.name == name:
                where = f"{other.file}:{other.place.line}"
                self._fault(self._at("name"), f"name must be unique; {name} stands at {where}")
        return name

    def _code(self, table: dict[str, Any], default: str) -> str:
        code = self._text_of(table, "code", default) or default
        if not _CODE.fullmatch(code):
            message = f"code must be 1..64 capital letters, digits and _, was {code!r}"
            self._fault(self._at("code"), message)
        elif any(code == reason.code for reason in REASONS):
            self._fault(self._at("code"), f"code must not be a detector's own, was {code}")
        return code

    def _says(self, table: dict[str, Any], default: str) -> str:
        says = self._text_of(table, "says", "")
        if not says:
            return default[:_SAYS_CHARACTERS_MAX]
        if len(says) > _SAYS_CHARACTERS_MAX:
            message = f"says must have at most {_SAYS_CHARACTERS_MAX} characters, had {len(says)}"
            self._fault(self._at("says"), message)
        return says

    def _one_of(
        self, table: dict[str, Any], key: str, allowed: tuple[str, ...], default: str | None
    ) -> str:
        value = table.get(key, default)
        if value in allowed:
            return str(value)
        close = get_close_matches(str(value), allowed, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        was = "was not given" if value is None else f"was {value!r}"
        self._fault(self._at(key), f"{key} must be one of {', '.join(allowed)}; {was}{hint}")
        return allowed[0]

    def _text_of(self, table: dict[str, Any], key: str, default: str | None) -> str | None:
        value = table.get(key, default)
        if isinstance(value, str):
            return value
        was = "was not given" if value is None else f"was {value!r}"
        self._fault(self._at(key), f"{key} must be a text, {was}")
        return None

    def _check_keys(self, table: dict[str, Any], allowed: tuple[str, ...]) -> None:
        for key in table:
            if key not in allowed:
                close = get_close_matches(key, allowed, 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                message = f"{key} is not known here; allowed are {', '.join(allowed)}{hint}"
                self._fault(self._at(key), message)

    def _at(self, key: str) -> Place:
        return self._places.of_key(self._table, self._index, key)

    def _fault(self, place: Place, message: str) -> None:
        self._found.faults.append(Fault(self._name, place.line, place.column, message))


def _of_toml(name: str, error: tomllib.TOMLDecodeError) -> Fault:
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    message = re.sub(r" \(at .*\)$", "", str(error))
    line, column = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
    return Fault(name, line, column, f"is no TOML: {message}")


def _nanoseconds(until: date) -> int:
    """Return the instant of a time, UTC where it has no zone; of a day, its beginning."""
    if not isinstance(until, datetime):
        until = datetime(until.year, until.month, until.day, tzinfo=UTC)
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    since = until - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
