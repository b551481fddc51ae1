"""What a checked condition is: a small typed tree, the same for the compiler and for the tests."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["payment", "trade", "both"]
Comparison = Literal["<", "<=", "=="]
Operation = Literal["+", "-", "*", "/", "min", "max", "negate", "abs", "log10", "sqrt"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Column:
    """A feature of the catalogue, or a field of the transaction, by its name."""

    name: str
    is_feature: bool


@dataclass(frozen=True, slots=True)
class Computed:
    """A number made of numbers; one operand where the operation takes one."""

    operation: Operation
    operands: "tuple[Value, ...]"


Value = Constant | Column | Computed


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether two numbers stand so; false where one of them is not a number."""

    comparison: Comparison
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class KeyIs:
    """Whether an entity of the transaction is the one of a key; key 0 is no entity at all."""

    field: int
    key: int


@dataclass(frozen=True, slots=True)
class All:
    """Whether all of them hold."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """Whether one of them holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """Whether it does not hold."""

    part: "Condition"


Condition = Compared | KeyIs | All | Any | Not


@dataclass(eq=False)
class ConditionError(Exception):
    """A condition that is none.

    Attributes:
        message: what was wrong and what is allowed.
        line: of the condition's text, from 1.
        column: from 1, in characters.
    """

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """A checked condition.

    Attributes:
        condition: the tree.
        kind: transactions that it is about.
        features: catalogue features that it reads, in the order of the text.
        shown: the first number that is compared with a constant, and that constant.
    """

    condition: Condition
    kind: Kind
    features: tuple[str, ...]
    shown: tuple[Column, float] | None
