from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RuleMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RULE_MODE_UNSPECIFIED: _ClassVar[RuleMode]
    RULE_MODE_SHADOW: _ClassVar[RuleMode]
    RULE_MODE_LIVE: _ClassVar[RuleMode]
RULE_MODE_UNSPECIFIED: RuleMode
RULE_MODE_SHADOW: RuleMode
RULE_MODE_LIVE: RuleMode

class GetRulesRequest(_message.Message):
    __slots__ = ("file",)
    FILE_FIELD_NUMBER: _ClassVar[int]
    file: str
    def __init__(self, file: _Optional[str] = ...) -> None: ...

class GetRulesResponse(_message.Message):
    __slots__ = ("file", "text", "files", "revision", "revision_in_use", "rules", "faults")
    FILE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    REVISION_IN_USE_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    file: str
    text: str
    files: _containers.RepeatedScalarFieldContainer[str]
    revision: str
    revision_in_use: str
    rules: _containers.RepeatedCompositeFieldContainer[RuleInUse]
    faults: _containers.RepeatedCompositeFieldContainer[RuleFault]
    def __init__(self, file: _Optional[str] = ..., text: _Optional[str] = ..., files: _Optional[_Iterable[str]] = ..., revision: _Optional[str] = ..., revision_in_use: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[RuleInUse, _Mapping]]] = ..., faults: _Optional[_Iterable[_Union[RuleFault, _Mapping]]] = ...) -> None: ...

class CheckRulesRequest(_message.Message):
    __slots__ = ("file", "text")
    FILE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    file: str
    text: str
    def __init__(self, file: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class CheckRulesResponse(_message.Message):
    __slots__ = ("faults", "rules", "live")
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    faults: _containers.RepeatedCompositeFieldContainer[RuleFault]
    rules: int
    live: int
    def __init__(self, faults: _Optional[_Iterable[_Union[RuleFault, _Mapping]]] = ..., rules: _Optional[int] = ..., live: _Optional[int] = ...) -> None: ...

class BacktestRulesRequest(_message.Message):
    __slots__ = ("file", "text")
    FILE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    file: str
    text: str
    def __init__(self, file: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class BacktestRulesResponse(_message.Message):
    __slots__ = ("transactions", "skipped", "frauds", "alerts_without", "alerts_with", "rules")
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    FRAUDS_FIELD_NUMBER: _ClassVar[int]
    ALERTS_WITHOUT_FIELD_NUMBER: _ClassVar[int]
    ALERTS_WITH_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    transactions: int
    skipped: int
    frauds: int
    alerts_without: int
    alerts_with: int
    rules: _containers.RepeatedCompositeFieldContainer[RuleFigures]
    def __init__(self, transactions: _Optional[int] = ..., skipped: _Optional[int] = ..., frauds: _Optional[int] = ..., alerts_without: _Optional[int] = ..., alerts_with: _Optional[int] = ..., rules: _Optional[_Iterable[_Union[RuleFigures, _Mapping]]] = ...) -> None: ...

class PutRulesRequest(_message.Message):
    __slots__ = ("file", "text", "expected_revision", "author")
    FILE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    file: str
    text: str
    expected_revision: str
    author: str
    def __init__(self, file: _Optional[str] = ..., text: _Optional[str] = ..., expected_revision: _Optional[str] = ..., author: _Optional[str] = ...) -> None: ...

class PutRulesResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: str
    def __init__(self, revision: _Optional[str] = ...) -> None: ...

class RuleFault(_message.Message):
    __slots__ = ("file", "line", "column", "message")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    column: int
    message: str
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class RuleInUse(_message.Message):
    __slots__ = ("name", "mode", "then", "when", "file", "line")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    THEN_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    name: str
    mode: RuleMode
    then: str
    when: str
    file: str
    line: int
    def __init__(self, name: _Optional[str] = ..., mode: _Optional[_Union[RuleMode, str]] = ..., then: _Optional[str] = ..., when: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ...) -> None: ...

class RuleFigures(_message.Message):
    __slots__ = ("rule", "mode", "hits", "alerted", "frauds", "genuine", "precision", "recall")
    RULE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    ALERTED_FIELD_NUMBER: _ClassVar[int]
    FRAUDS_FIELD_NUMBER: _ClassVar[int]
    GENUINE_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    rule: str
    mode: RuleMode
    hits: int
    alerted: int
    frauds: int
    genuine: int
    precision: float
    recall: float
    def __init__(self, rule: _Optional[str] = ..., mode: _Optional[_Union[RuleMode, str]] = ..., hits: _Optional[int] = ..., alerted: _Optional[int] = ..., frauds: _Optional[int] = ..., genuine: _Optional[int] = ..., precision: _Optional[float] = ..., recall: _Optional[float] = ...) -> None: ...
