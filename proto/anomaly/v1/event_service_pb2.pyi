import datetime

from anomaly.v1 import label_service_pb2 as _label_service_pb2
from anomaly.v1 import scoring_service_pb2 as _scoring_service_pb2
from anomaly.v1 import transaction_pb2 as _transaction_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConfirmPositionRequest(_message.Message):
    __slots__ = ("subscriber", "journal_id", "sequence")
    SUBSCRIBER_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    subscriber: str
    journal_id: str
    sequence: int
    def __init__(self, subscriber: _Optional[str] = ..., journal_id: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class ConfirmPositionResponse(_message.Message):
    __slots__ = ("first_sequence",)
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    first_sequence: int
    def __init__(self, first_sequence: _Optional[int] = ...) -> None: ...

class SubscribeRequest(_message.Message):
    __slots__ = ("after_sequence", "journal_id", "batch_size_max")
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_MAX_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    journal_id: str
    batch_size_max: int
    def __init__(self, after_sequence: _Optional[int] = ..., journal_id: _Optional[str] = ..., batch_size_max: _Optional[int] = ...) -> None: ...

class SubscribeResponse(_message.Message):
    __slots__ = ("events", "journal_id", "latest_sequence")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_ID_FIELD_NUMBER: _ClassVar[int]
    LATEST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    journal_id: str
    latest_sequence: int
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., journal_id: _Optional[str] = ..., latest_sequence: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("sequence", "ingest_time", "scored_transaction", "label")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    INGEST_TIME_FIELD_NUMBER: _ClassVar[int]
    SCORED_TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    ingest_time: _timestamp_pb2.Timestamp
    scored_transaction: ScoredTransaction
    label: _label_service_pb2.Label
    def __init__(self, sequence: _Optional[int] = ..., ingest_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scored_transaction: _Optional[_Union[ScoredTransaction, _Mapping]] = ..., label: _Optional[_Union[_label_service_pb2.Label, _Mapping]] = ...) -> None: ...

class ScoredTransaction(_message.Message):
    __slots__ = ("transaction", "result")
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    transaction: _transaction_pb2.Transaction
    result: _scoring_service_pb2.ScoreResult
    def __init__(self, transaction: _Optional[_Union[_transaction_pb2.Transaction, _Mapping]] = ..., result: _Optional[_Union[_scoring_service_pb2.ScoreResult, _Mapping]] = ...) -> None: ...
