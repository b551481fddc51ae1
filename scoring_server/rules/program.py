"""From checked conditions to the program that the kernel interprets (kernels/rule_program.py).

A condition becomes jumps: evaluation stops as soon as the outcome is known. Rules about payments or
trades only stand behind one comparison for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_INDEX
from scoring_server.kernels import rule_program as kernel
from scoring_server.kernels.dtypes import KIND_PAYMENT, KIND_TRADE
from scoring_server.rules import tree
from scoring_server.rules.tree import Kind

_IF_UNLESS: Final = {
    "<": (kernel.OP_IF_LESS, kernel.OP_UNLESS_LESS),
    "<=": (kernel.OP_IF_LESS_EQUAL, kernel.OP_UNLESS_LESS_EQUAL),
    "==": (kernel.OP_IF_EQUAL, kernel.OP_UNLESS_EQUAL),
}
_OPERATIONS: Final[dict[tree.Operation, int]] = {
    "+": kernel.OP_ADD,
    "-": kernel.OP_SUBTRACT,
    "*": kernel.OP_MULTIPLY,
    "/": kernel.OP_DIVIDE,
    "min": kernel.OP_MIN,
    "max": kernel.OP_MAX,
    "negate": kernel.OP_NEGATE,
    "abs": kernel.OP_ABS,
    "log10": kernel.OP_LOG10,
    "sqrt": kernel.OP_SQRT,
}
_KIND_CODES: Final[tuple[tuple[Kind, int], ...]] = (
    ("payment", KIND_PAYMENT),
    ("trade", KIND_TRADE),
)


@dataclass(frozen=True, slots=True)
class Program:
    """The arguments of the kernel that depend on the conditions alone; see rules_block."""

    code: NDArray[np.int32]
    loads: NDArray[np.int32]
    registers: NDArray[np.float64]
    keys: NDArray[np.uint64]


class _Label:
    """A place that is not known yet."""

    def __init__(self) -> None:
        self.place = -1


class ProgramMaker:
    """Makes one program of all conditions."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, _Label | int]] = []
        self._registers = kernel.FIELD_COUNT
        self._features: dict[str, int] = {}
        self._constants: dict[float, int] = {}
        self._keys: dict[int, int] = {}
        self._free: list[int] = []

    def make(self, rules: Sequence[tuple[int, Kind, tree.Condition]]) -> Program:
        """Return the program of rules, each with its number and the transactions it is for."""
        for number, kind, condition in rules:
            if kind == "both":
                self._rule(number, condition)
        for wanted, code in _KIND_CODES:
            end = _Label()
            place = kernel.FIELDS.index("kind")
            self._add(kernel.OP_UNLESS_EQUAL, place, self._constant(float(code)), end)
            for number, kind, condition in rules:
                if kind == wanted:
                    self._rule(number, condition)
            self._put(end)
        self._add(kernel.OP_END, 0, 0, 0)
        registers = np.zeros(self._registers)
        for value, register in self._constants.items():
            registers[register] = value
        loads = [(register, FEATURE_INDEX[name]) for name, register in self._features.items()]
        return Program(
            np.array(
                [
                    (op, left, right, target.place if isinstance(target, _Label) else target)
                    for op, left, right, target in self._code
                ],
                np.int32,
            ),
            np.array(loads, np.int32).reshape(-1, 2),
            registers,
            np.array([*self._keys, 0], np.uint64),
        )

    def register_of(self, column: tree.Column) -> int:
        """Return where the value of a column stands."""
        if not column.is_feature:
            return kernel.FIELDS.index(column.name)
        if column.name not in self._features:
            self._features[column.name] = self._register()
        return self._features[column.name]

    def _rule(self, number: int, condition: tree.Condition) -> None:
        end = _Label()
        self._jump(condition, end, when=False)
        self._add(kernel.OP_HIT, number, 0, 0)
        self._put(end)

    def _jump(self, condition: tree.Condition, target: _Label, *, when: bool) -> None:
        """Add what jumps to the target when the condition's truth is `when`."""
        match condition:
            case tree.Not(part):
                self._jump(part, target, when=not when)
            case tree.All(parts) | tree.Any(parts):
                # Of "all", one that does not hold decides; of "any", one that holds.
                deciding = isinstance(condition, tree.Any)
                if deciding == when:
                    for part in parts:
                        self._jump(part, target, when=when)
                    return
                after = _Label()
                for part in parts[:-1]:
                    self._jump(part, after, when=deciding)
                self._jump(parts[-1], target, when=when)
                self._put(after)
            case tree.KeyIs(field, key):
                place = self._keys.setdefault(key, len(self._keys))
                op = kernel.OP_IF_KEY if when else kernel.OP_UNLESS_KEY
                self._add(op, field, place, target)
            case tree.Compared(comparison, left, right):
                used: list[int] = []
                one, other = self._value(left, used), self._value(right, used)
                self._add(_IF_UNLESS[comparison][0 if when else 1], one, other, target)
                self._free += used

    def _value(self, value: tree.Value, used: list[int]) -> int:
        """Return the register of a value; what has to be computed for it is added."""
        match value:
            case tree.Constant(number):
                return self._constant(number)
            case tree.Column():
                return self.register_of(value)
            case tree.Computed(operation, operands):
                registers = [self._value(each, used) for each in operands]
                target = self._free.pop() if self._free else self._register()
                used.append(target)
                self._add(_OPERATIONS[operation], registers[0], registers[-1], target)
                return target

    def _constant(self, number: float) -> int:
        if number not in self._constants:
            self._constants[number] = self._register()
        return self._constants[number]

    def _register(self) -> int:
        self._registers += 1
        return self._registers - 1

    def _add(self, op: int, left: int, right: int, target: _Label | int) -> None:
        self._code.append((op, left, right, target))

    def _put(self, label: _Label) -> None:
        label.place = len(self._code)


def listed_table(entries: Sequence[tuple[int, int, int, int]]) -> NDArray[Any]:
    """Return the LISTED table of entries: key, field, rule and end in nanoseconds."""
    size = 1
    while entries and size < 2 * len(entries) + 1:
        size *= 2
    table = np.zeros(size, kernel.LISTED)
    for key, field, rule, until_ns in entries:
        place = key & (size - 1)
        while table["key"][place]:
            place = (place + 1) & (size - 1)
        table[place] = (key, until_ns, rule, field)
    return table
