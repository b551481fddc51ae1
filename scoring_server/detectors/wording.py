"""Sentences with numbers in them: how each form is written, in Python and as a kernel's program.

A number stands in a sentence as {place:form}, the forms being

    money     1,234.50
    grouped   1,234
    whole     1234
    tenth     12.3
    percent   12%, of 0.12
    clock     13:05, of 13.1 hours
    count|payment|payments   1 payment, 2 payments

Rounding is that of Python's formatting: of the exact value, ties to even.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring_server.detectors.reasons import REASONS, ReasonKind
from scoring_server.kernels.wire_reason import (
    FORM_CLOCK,
    FORM_COUNT,
    FORM_GROUPED,
    FORM_MONEY,
    FORM_PERCENT,
    FORM_TENTH,
    FORM_TEXT,
    FORM_WHOLE,
    PART,
)

_NUMBER = re.compile(r"\{(\d):(\w+)(?:\|([^|}]*)\|([^|}]*))?\}")
_FORMS: Final = {
    "money": FORM_MONEY,
    "grouped": FORM_GROUPED,
    "whole": FORM_WHOLE,
    "tenth": FORM_TENTH,
    "percent": FORM_PERCENT,
    "clock": FORM_CLOCK,
    "count": FORM_COUNT,
}
_WRITE: Final[dict[str, Callable[[float], str]]] = {
    "money": lambda number: f"{number:,.2f}",
    "grouped": lambda number: f"{number:,.0f}",
    "whole": lambda number: f"{number:.0f}",
    "tenth": lambda number: f"{number:.1f}",
    "percent": lambda number: f"{number:.0%}",
    "clock": lambda number: f"{int(number):02d}:{int(number % 1 * 60):02d}",
}


def sentence(kind: ReasonKind, numbers: Sequence[float]) -> str:
    """Return a reason's sentence with its numbers."""

    def written(match: re.Match[str]) -> str:
        place, form, one, many = match.groups()
        number = numbers[int(place)]
        if form != "count":
            return _WRITE[form](number)
        count = round(number)
        return f"{count} {one if count == 1 else many}"

    return _NUMBER.sub(written, kind.sentence)


@dataclass(frozen=True, slots=True)
class ReasonProgram:
    """The reason table as the kernel that writes reasons takes it.

    Attributes:
        pool: all texts, one after another.
        parts: PART records: of each reason first the head (its fields up to the sentence), then
            the parts of the sentence.
        first: parts of reason i are parts[first[i]:first[i + 1]].
    """

    pool: NDArray[np.uint8]
    parts: NDArray[Any]
    first: NDArray[np.int64]


def reason_program(head_of: Callable[[ReasonKind], bytes]) -> ReasonProgram:
    """Return the program of the whole reason table.

    Args:
        head_of: what stands before a reason's numbers on the wire.
    """
    pool = bytearray()
    parts: list[tuple[int, int, int, int, int, int]] = []
    first = [0]

    def placed(text: bytes) -> tuple[int, int]:
        start = len(pool)
        pool.extend(text)
        return start, len(pool)

    for kind in REASONS:
        parts.append((FORM_TEXT, 0, *placed(head_of(kind)), 0, 0))
        end = 0
        for match in _NUMBER.finditer(kind.sentence):
            if match.start() > end:
                before = kind.sentence[end : match.start()]
                parts.append((FORM_TEXT, 0, *placed(before.encode()), 0, 0))
            place, form, one, many = match.groups()
            words = (*placed((one or "").encode()), *placed((many or "").encode()))
            parts.append((_FORMS[form], int(place), *words))
            end = match.end()
        if end < len(kind.sentence):
            parts.append((FORM_TEXT, 0, *placed(kind.sentence[end:].encode()), 0, 0))
        first.append(len(parts))
    return ReasonProgram(
        np.frombuffer(bytes(pool), np.uint8).copy(), np.array(parts, PART), np.array(first)
    )
