"""Bodies of /api/rules."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.rule import RuleMode

FILE_LENGTH_MAX = 100
_TEXT_LENGTH_MAX = 1_000_000
FileName = Annotated[
    str, Meta(max_length=FILE_LENGTH_MAX, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.toml\Z")
]


class RuleTextBody(Struct, forbid_unknown_fields=True):
    """A text to stand in a file, which need not exist; a blank text is no file."""

    file: FileName
    text: Annotated[str, Meta(max_length=_TEXT_LENGTH_MAX)]


class RuleFaultBody(Struct):
    """One thing that is wrong: what, what is allowed, what was found.

    `line` and `column` count from 1 and are 0 when it is about the whole file; `file` is empty
    when it is about the whole set.
    """

    file: str
    line: int
    column: int
    message: str


class RuleInUseBody(Struct):
    """A rule, or a list of ids, that counts.

    `then` is `approve`, `review`, `decline`, or the strength of its evidence; a rule in the mode
    SHADOW is only counted.
    """

    name: str
    mode: RuleMode
    then: str
    when: str
    file: str
    line: int


class RulesBody(Struct):
    """A file of rules, and what counts.

    `revision` is that of the set in the folder, for If-Match; `revision_in_use` that of the set
    that counts. `faults` says why they differ; where it is empty, a change is on its way.
    """

    file: str
    text: str
    files: list[str]
    revision: str
    revision_in_use: str
    rules: list[RuleInUseBody]
    faults: list[RuleFaultBody]


class RulesEnvelope(Struct):
    """Rules."""

    data: RulesBody


class RuleChangeBody(Struct):
    """The revision of the set after a change."""

    file: str
    revision: str


class RuleChangeEnvelope(Struct):
    """A change of rules."""

    data: RuleChangeBody


class RulesCheckedBody(Struct):
    """All that is wrong; when nothing is, how many rules and lists there are, and live ones."""

    faults: list[RuleFaultBody]
    rules: int
    live: int


class RulesCheckedEnvelope(Struct):
    """A check."""

    data: RulesCheckedBody


class RuleFiguresBody(Struct):
    """What a rule would have hit.

    Of the `hits` the detectors raise an alert for `alerted` anyway; `frauds` and `genuine` are
    those whose label is known. `precision` (of these) and `recall` (of all known frauds) are in
    percent, null where nothing is known.
    """

    rule: str
    mode: RuleMode
    hits: int
    alerted: int
    frauds: int
    genuine: int
    precision: float | None
    recall: float | None


class RulesBacktestedBody(Struct):
    """What a set would have hit among all recorded transactions.

    `skipped` were recorded under another feature catalogue. `alerts_without` are those of the
    detectors alone, `alerts_with` those with the live rules of the set.
    """

    transactions: int
    skipped: int
    frauds: int
    alerts_without: int
    alerts_with: int
    rules: list[RuleFiguresBody]


class RulesBacktestedEnvelope(Struct):
    """A backtest."""

    data: RulesBacktestedBody
