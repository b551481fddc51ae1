"""What a rule is once it is read, and what may be wrong with one."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from scoring_server.rules.places import Place
from scoring_server.rules.tree import Parsed

Mode = Literal["shadow", "live"]
Action = Literal["score", "approve", "review", "decline"]


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        file: name of the file.
        line: from 1; 0 when it is about the whole file.
        column: from 1; 0 likewise.
        message: what was wrong, what was allowed, what was found.
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Return it as compilers write it."""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, or a list of ids, which acts like one.

    Attributes:
        name: unique.
        action: what it does when live.
        weight: strength of its evidence in (0, 1) for the action `score`, else 0.
        code: of its reason.
        says: sentence of its reason.
        mode: `shadow` only counts.
        file: that it stands in.
        place: where it begins.
        when: text of its condition; empty for a list.
        parsed: its condition; None for a list.
        entity: that a list is about; empty for a rule.
        ids: of a list, each with its end in nanoseconds.
    """

    name: str
    action: Action
    weight: float
    code: str
    says: str
    mode: Mode
    file: str
    place: Place
    when: str = ""
    parsed: Parsed | None = None
    entity: str = ""
    ids: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Collected:
    """What texts hold.

    Attributes:
        rules: rules and lists, in the order of files and lines.
        entries: of lists: key, place in KEY_FIELDS, index in `rules`, end in nanoseconds.
        faults: empty when all is well.
    """

    rules: list[Rule] = field(default_factory=list)
    entries: list[tuple[int, int, int, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
