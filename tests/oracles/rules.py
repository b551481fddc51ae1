"""Conditions evaluated the slow and obvious way, straight from the tree."""

import math
import operator
from collections.abc import Callable, Mapping

import numpy as np

from scoring_server.rules import tree


def holds(condition: tree.Condition, columns: Mapping[str, float], keys: Mapping[int, int]) -> bool:
    """Return whether a condition holds.

    Args:
        condition: checked.
        columns: values by name.
        keys: of the entities, by their place.
    """
    match condition:
        case tree.All(parts):
            return all(holds(part, columns, keys) for part in parts)
        case tree.Any(parts):
            return any(holds(part, columns, keys) for part in parts)
        case tree.Not(part):
            return not holds(part, columns, keys)
        case tree.KeyIs(field, key):
            return keys[field] == key
        case tree.Compared(comparison, left, right):
            one, other = value_of(left, columns), value_of(right, columns)
            if comparison == "==":
                return one == other
            return one < other if comparison == "<" else one <= other


def value_of(value: tree.Value, columns: Mapping[str, float]) -> float:
    """Return a number."""
    match value:
        case tree.Constant(number):
            return number
        case tree.Column(name):
            return columns[name]
        case tree.Computed(operation, operands):
            return computed(operation, [value_of(each, columns) for each in operands])


def computed(operation: str, operands: list[float]) -> float:
    """Return what IEEE 754 says, infinities and all."""
    first, last = np.float64(operands[0]), np.float64(operands[-1])
    with np.errstate(all="ignore"):
        return float(_OPERATIONS[operation](first, last))


_OPERATIONS: dict[str, Callable[[np.float64, np.float64], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "min": min,
    "max": max,
    "negate": lambda first, _: -first,
    "abs": lambda first, _: abs(first),
    "sqrt": lambda first, _: math.sqrt(first) if first >= 0 else math.nan,
    "log10": lambda first, _: (
        math.log10(first) if first > 0 else -math.inf if first == 0 else math.nan
    ),
}
