"""From the text of a condition to a checked tree. Nothing of the text is ever run.

Python's own parser reads it, since people know that notation, and everything that is not named here
is refused, with the place and with what is allowed there.
"""

import ast
import math
from difflib import get_close_matches
from typing import Final

from scoring_server.catalogue import FEATURES
from scoring_server.rules import names
from scoring_server.rules.names import (
    ALL_NAMES,
    ENTITIES,
    FUNCTIONS,
    TRANSACTION_FIELDS,
    Entity,
    Field,
    allowed_of,
)
from scoring_server.rules.tree import (
    All,
    Any,
    Column,
    Compared,
    Computed,
    Condition,
    ConditionError,
    Constant,
    KeyIs,
    Kind,
    Not,
    Operation,
    Parsed,
    Value,
)

CONDITION_CHARACTERS_MAX: Final = 2_000
_DEPTH_MAX: Final = 40
_FLAG_UNIT: Final = "0 or 1"
_OPERATORS: Final[dict[type[ast.operator], Operation]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_ALLOWED: Final = (
    "comparisons (< <= > >= == != in, not in), and, or, not, + - * /, "
    "numbers, texts, names of the catalogue and abs() log10() sqrt() min() max() given()"
)


def parse_condition(text: str) -> Parsed:
    """Return a condition, checked.

    Raises:
        ConditionError: it is none.
    """
    if len(text) > CONDITION_CHARACTERS_MAX:
        message = f"must have at most {CONDITION_CHARACTERS_MAX} characters, was {len(text)}"
        raise ConditionError(message, 1, 1)
    if not text.strip():
        raise ConditionError(f"must be a condition, was empty; allowed are {_ALLOWED}", 1, 1)
    try:
        # In parentheses, so that it may have several lines.
        tree = ast.parse(f"({text}\n)", mode="eval")
    except SyntaxError as error:
        lines = text.split("\n")
        line, column = error.lineno or 1, (error.offset or 1) - (1 if error.lineno == 1 else 0)
        if line > len(lines):
            line, column = len(lines), len(lines[-1]) + 1
        message = f"cannot be read: {error.msg}; allowed are {_ALLOWED}"
        raise ConditionError(message, line, max(column, 1)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(f"cannot be read: {error}", 1, 1) from error
    return _Checker(text).check(tree.body)


class _Checker:
    def __init__(self, text: str) -> None:
        self._lines = f"({text}\n)".split("\n")
        self._kinds: dict[Kind, str] = {}
        self._features: dict[str, None] = {}
        self._shown: tuple[Column, float] | None = None
        self._depth = 0

    def check(self, node: ast.expr) -> Parsed:
        condition = self._condition(node)
        if {"payment", "trade"} <= set(self._kinds):
            payment, trade = self._kinds["payment"], self._kinds["trade"]
            raise self._refused(
                node,
                f"only payments have {payment}, only trades have {trade}, so this never holds as "
                "meant; write one rule for each",
            )
        kind: Kind = next((k for k in self._kinds if k != "both"), "both")
        return Parsed(condition, kind, tuple(self._features), self._shown)

    def _condition(self, node: ast.expr) -> Condition:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._refused(node, f"must be nested at most {_DEPTH_MAX} deep")
        try:
            return self._condition_at(node)
        finally:
            self._depth -= 1

    def _condition_at(self, node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = tuple(self._condition(value) for value in values)
                return All(parts) if isinstance(op, ast.And) else Any(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self._condition(operand))
            case ast.Compare(left=left, ops=ops, comparators=right):
                operands = [left, *right]
                parts = tuple(
                    self._compared(operands[place], op, operands[place + 1])
                    for place, op in enumerate(ops)
                )
                return parts[0] if len(parts) == 1 else All(parts)
            case ast.Name(id=name) if name in FEATURES and FEATURES[name].unit == _FLAG_UNIT:
                return Not(Compared("==", self._value(node), Constant(0.0)))
            case ast.Call(func=ast.Name(id="given")):
                return self._given(node)
            case _:
                what = f"`{ast.unparse(node)}` is {self._type_of(node)}; compare it"
                raise self._refused(node, f"must be a condition; {what}, as in `x > 3`")

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Condition:
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
                raise self._refused(right, "after `in` must stand values, such as (5411, 5812)")
            found = Any(tuple(self._equal(left, each) for each in right.elts))
            return found if isinstance(op, ast.In) else Not(found)
        if isinstance(op, ast.Eq):
            return self._equal(left, right)
        if isinstance(op, ast.NotEq):
            return Not(self._equal(left, right))
        if not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            raise self._refused(left, f"`is` is not allowed here; allowed are {_ALLOWED}")
        for side in (left, right):
            if self._text_field(side) or (isinstance(side, ast.Constant) and _is_text(side)):
                raise self._refused(side, "a text can be compared by == != in and not in only")
        less, more = self._value(left), self._value(right)
        self._show(less, more)
        if isinstance(op, ast.Gt | ast.GtE):
            less, more = more, less
        return Compared("<" if isinstance(op, ast.Lt | ast.Gt) else "<=", less, more)

    def _equal(self, left: ast.expr, right: ast.expr) -> Condition:
        if self._text_field(right) and not self._text_field(left):
            left, right = right, left
        text_field = self._text_field(left)
        if text_field is not None:
            return self._text_is(left, text_field, right)
        for side in (left, right):
            if isinstance(side, ast.Constant) and _is_text(side):
                other = ast.unparse(left if side is right else right)
                raise self._refused(side, f"must be a number, because {other} is one; was a text")
        first, second = self._value(left), self._value(right)
        self._show(first, second)
        return Compared("==", first, second)

    def _text_is(self, left: ast.expr, field: Field | Entity, right: ast.expr) -> Condition:
        name = ast.unparse(left)
        if not isinstance(right, ast.Constant) or not _is_text(right) or not right.value:
            what = "an id" if isinstance(field, Entity) else allowed_of(field)
            raise self._refused(right, f"must be a text, because {name} is one: {what} in quotes")
        text = str(right.value)
        self._is_about(name, field.kind)
        if isinstance(field, Entity):
            return Any(tuple(KeyIs(field.place, key) for key in field.keys(text)))
        code = names.code_of(field)(text)
        if code is None:
            close = get_close_matches(text.upper(), field.values or (), 1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            raise self._refused(right, f'{name} must be {allowed_of(field)}, was "{text}"{hint}')
        return Compared("==", Column(name, is_feature=False), Constant(float(code)))

    def _given(self, node: ast.Call) -> Condition:
        name = node.args[0] if len(node.args) == 1 and not node.keywords else None
        if not isinstance(name, ast.Name):
            raise self._refused(node, "given() takes one name, such as given(device)")
        if name.id in ENTITIES:
            entity = ENTITIES[name.id]
            self._is_about(name.id, entity.kind)
            return Not(KeyIs(entity.place, 0))
        field = TRANSACTION_FIELDS.get(name.id)
        if field is None:
            allowed = ", ".join((*ENTITIES, *TRANSACTION_FIELDS))
            raise self._refused(name, f"given() takes one of {allowed}; was {name.id}")
        self._is_about(name.id, field.kind)
        column = Column(name.id, is_feature=False)
        if name.id.endswith("_deg"):
            return Compared("==", column, column)
        return Not(Compared("==", column, Constant(0.0)))

    def _value(self, node: ast.expr) -> Value:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._refused(node, f"must be nested at most {_DEPTH_MAX} deep")
        try:
            return self._value_at(node)
        finally:
            self._depth -= 1

    def _value_at(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=value) if type(value) in (int, float):
                if not math.isfinite(float(str(value))):
                    raise self._refused(node, "must be a finite number")
                return Constant(float(str(value)))
            case ast.Name(id=name):
                return self._named(node, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Computed("negate", (self._value(operand),))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return Computed(_OPERATORS[type(op)], (self._value(left), self._value(right)))
            case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
                return self._called(node, name)
            case ast.Call(func=function):
                allowed = ", ".join(f"{each}()" for each in (*FUNCTIONS, "given"))
                raise self._refused(
                    node, f"allowed functions are {allowed}; was {ast.unparse(function)}()"
                )
            case _:
                raise self._refused(
                    node, f"must be a number; `{ast.unparse(node)}` is not; {_ALLOWED}"
                )

    def _called(self, node: ast.Call, name: str) -> Value:
        least = FUNCTIONS[name][1]
        given = len(node.args)
        if node.keywords or given < least or (given > least and least == 1):
            wanted = "1 value" if least == 1 else "2 or more values"
            raise self._refused(node, f"{name}() takes {wanted}, was given {given}")
        operands = [self._value(each) for each in node.args]
        operation: Operation = FUNCTIONS[name][0]
        value = operands[0]
        for each in operands[1:]:
            value = Computed(operation, (value, each))
        return value if len(operands) > 1 else Computed(operation, (value,))

    def _named(self, node: ast.expr, name: str) -> Value:
        field = TRANSACTION_FIELDS.get(name)
        if name in ENTITIES or (field is not None and field.is_text):
            raise self._refused(
                node, f'{name} is a text, not a number; compare it, as in {name} == "..."'
            )
        if field is not None:
            self._is_about(name, field.kind)
            return Column(name, is_feature=False)
        feature = FEATURES.get(name)
        if feature is None:
            close = get_close_matches(name, ALL_NAMES, 3, 0.6)
            hint = f"did you mean {' or '.join(close)}?" if close else "see `anomaly rules names`"
            raise self._refused(node, f"unknown name {name}; {hint}")
        self._is_about(name, feature.kind)
        self._features[name] = None
        return Column(name, is_feature=True)

    def _text_field(self, node: ast.expr) -> Field | Entity | None:
        if not isinstance(node, ast.Name):
            return None
        if node.id in ENTITIES:
            return ENTITIES[node.id]
        field = TRANSACTION_FIELDS.get(node.id)
        return field if field is not None and field.is_text else None

    def _show(self, first: Value, second: Value) -> None:
        if self._shown is None:
            for one, other in ((first, second), (second, first)):
                if isinstance(one, Column) and isinstance(other, Constant):
                    self._shown = one, other.value

    def _is_about(self, name: str, kind: Kind) -> None:
        if kind != "both":
            self._kinds.setdefault(kind, name)

    def _type_of(self, node: ast.expr) -> str:
        if self._text_field(node) or (isinstance(node, ast.Constant) and _is_text(node)):
            return "a text"
        self._value(node)
        return "a number"

    def _refused(self, node: ast.expr, message: str) -> ConditionError:
        return ConditionError(message, node.lineno, self._column(node))

    def _column(self, node: ast.expr) -> int:
        # The parser counts bytes; the first line has a parenthesis before it.
        line = self._lines[node.lineno - 1].encode()[: node.col_offset].decode()
        return len(line) + (0 if node.lineno == 1 else 1)


def _is_text(node: ast.Constant) -> bool:
    return isinstance(node.value, str)
