import datetime

from anomaly.v1 import transaction_pb2 as _transaction_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Detector(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DETECTOR_UNSPECIFIED: _ClassVar[Detector]
    DETECTOR_STATISTICAL: _ClassVar[Detector]
    DETECTOR_BEHAVIORAL: _ClassVar[Detector]
    DETECTOR_ML: _ClassVar[Detector]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_MINIMAL: _ClassVar[Severity]
    SEVERITY_LOW: _ClassVar[Severity]
    SEVERITY_MEDIUM: _ClassVar[Severity]
    SEVERITY_HIGH: _ClassVar[Severity]
    SEVERITY_CRITICAL: _ClassVar[Severity]

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_APPROVE: _ClassVar[Decision]
    DECISION_REVIEW: _ClassVar[Decision]
    DECISION_DECLINE: _ClassVar[Decision]
DETECTOR_UNSPECIFIED: Detector
DETECTOR_STATISTICAL: Detector
DETECTOR_BEHAVIORAL: Detector
DETECTOR_ML: Detector
SEVERITY_UNSPECIFIED: Severity
SEVERITY_MINIMAL: Severity
SEVERITY_LOW: Severity
SEVERITY_MEDIUM: Severity
SEVERITY_HIGH: Severity
SEVERITY_CRITICAL: Severity
DECISION_UNSPECIFIED: Decision
DECISION_APPROVE: Decision
DECISION_REVIEW: Decision
DECISION_DECLINE: Decision

class ScoreRequest(_message.Message):
    __slots__ = ("transaction",)
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    transaction: _transaction_pb2.Transaction
    def __init__(self, transaction: _Optional[_Union[_transaction_pb2.Transaction, _Mapping]] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: ScoreResult
    def __init__(self, result: _Optional[_Union[ScoreResult, _Mapping]] = ...) -> None: ...

class ScoreBatchRequest(_message.Message):
    __slots__ = ("transactions",)
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    transactions: _containers.RepeatedCompositeFieldContainer[_transaction_pb2.Transaction]
    def __init__(self, transactions: _Optional[_Iterable[_Union[_transaction_pb2.Transaction, _Mapping]]] = ...) -> None: ...

class ScoreBatchResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[ScoreOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[ScoreOutcome, _Mapping]]] = ...) -> None: ...

class ScoreStreamRequest(_message.Message):
    __slots__ = ("transactions",)
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    transactions: _containers.RepeatedCompositeFieldContainer[_transaction_pb2.Transaction]
    def __init__(self, transactions: _Optional[_Iterable[_Union[_transaction_pb2.Transaction, _Mapping]]] = ...) -> None: ...

class ScoreStreamResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[ScoreOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[ScoreOutcome, _Mapping]]] = ...) -> None: ...

class ScoreOutcome(_message.Message):
    __slots__ = ("result", "error")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    result: ScoreResult
    error: _status_pb2.Status
    def __init__(self, result: _Optional[_Union[ScoreResult, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class ScoreResult(_message.Message):
    __slots__ = ("transaction_id", "risk_score", "severity", "decision", "detector_scores", "reasons", "model_name", "model_version", "alert_id", "replayed", "degraded_reasons", "sequence", "ingest_time")
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    RISK_SCORE_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_SCORES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_REASONS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    INGEST_TIME_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    risk_score: float
    severity: Severity
    decision: Decision
    detector_scores: DetectorScores
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    model_name: str
    model_version: str
    alert_id: str
    replayed: bool
    degraded_reasons: _containers.RepeatedScalarFieldContainer[str]
    sequence: int
    ingest_time: _timestamp_pb2.Timestamp
    def __init__(self, transaction_id: _Optional[str] = ..., risk_score: _Optional[float] = ..., severity: _Optional[_Union[Severity, str]] = ..., decision: _Optional[_Union[Decision, str]] = ..., detector_scores: _Optional[_Union[DetectorScores, _Mapping]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., model_name: _Optional[str] = ..., model_version: _Optional[str] = ..., alert_id: _Optional[str] = ..., replayed: _Optional[bool] = ..., degraded_reasons: _Optional[_Iterable[str]] = ..., sequence: _Optional[int] = ..., ingest_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DetectorScores(_message.Message):
    __slots__ = ("statistical", "behavioral", "ml")
    STATISTICAL_FIELD_NUMBER: _ClassVar[int]
    BEHAVIORAL_FIELD_NUMBER: _ClassVar[int]
    ML_FIELD_NUMBER: _ClassVar[int]
    statistical: float
    behavioral: float
    ml: float
    def __init__(self, statistical: _Optional[float] = ..., behavioral: _Optional[float] = ..., ml: _Optional[float] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("code", "detector", "feature", "value", "baseline", "contribution", "sentence")
    CODE_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    code: str
    detector: Detector
    feature: str
    value: float
    baseline: float
    contribution: float
    sentence: str
    def __init__(self, code: _Optional[str] = ..., detector: _Optional[_Union[Detector, str]] = ..., feature: _Optional[str] = ..., value: _Optional[float] = ..., baseline: _Optional[float] = ..., contribution: _Optional[float] = ..., sentence: _Optional[str] = ...) -> None: ...
