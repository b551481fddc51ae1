from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetReceiptRequest(_message.Message):
    __slots__ = ("transaction_id",)
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    def __init__(self, transaction_id: _Optional[str] = ...) -> None: ...

class GetReceiptResponse(_message.Message):
    __slots__ = ("receipt_json", "differences", "changed")
    RECEIPT_JSON_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    receipt_json: str
    differences: _containers.RepeatedCompositeFieldContainer[ReplayDifference]
    changed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, receipt_json: _Optional[str] = ..., differences: _Optional[_Iterable[_Union[ReplayDifference, _Mapping]]] = ..., changed: _Optional[_Iterable[str]] = ...) -> None: ...

class ReplayDifference(_message.Message):
    __slots__ = ("field", "recorded", "replayed")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    field: str
    recorded: str
    replayed: str
    def __init__(self, field: _Optional[str] = ..., recorded: _Optional[str] = ..., replayed: _Optional[str] = ...) -> None: ...

class ExplainDecisionRequest(_message.Message):
    __slots__ = ("transaction_id",)
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    def __init__(self, transaction_id: _Optional[str] = ...) -> None: ...

class ExplainDecisionResponse(_message.Message):
    __slots__ = ("attributions", "counterfactuals")
    ATTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    COUNTERFACTUALS_FIELD_NUMBER: _ClassVar[int]
    attributions: _containers.RepeatedCompositeFieldContainer[Attribution]
    counterfactuals: _containers.RepeatedCompositeFieldContainer[Counterfactual]
    def __init__(self, attributions: _Optional[_Iterable[_Union[Attribution, _Mapping]]] = ..., counterfactuals: _Optional[_Iterable[_Union[Counterfactual, _Mapping]]] = ...) -> None: ...

class Attribution(_message.Message):
    __slots__ = ("feature", "value", "baseline", "contribution", "sentence")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    feature: str
    value: float
    baseline: float
    contribution: float
    sentence: str
    def __init__(self, feature: _Optional[str] = ..., value: _Optional[float] = ..., baseline: _Optional[float] = ..., contribution: _Optional[float] = ..., sentence: _Optional[str] = ...) -> None: ...

class Counterfactual(_message.Message):
    __slots__ = ("codes", "amount_below", "risk_score", "sentence")
    CODES_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_BELOW_FIELD_NUMBER: _ClassVar[int]
    RISK_SCORE_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedScalarFieldContainer[str]
    amount_below: float
    risk_score: float
    sentence: str
    def __init__(self, codes: _Optional[_Iterable[str]] = ..., amount_below: _Optional[float] = ..., risk_score: _Optional[float] = ..., sentence: _Optional[str] = ...) -> None: ...
