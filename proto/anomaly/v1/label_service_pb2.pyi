import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LabelValue(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_VALUE_UNSPECIFIED: _ClassVar[LabelValue]
    LABEL_VALUE_FRAUD: _ClassVar[LabelValue]
    LABEL_VALUE_LEGITIMATE: _ClassVar[LabelValue]
    LABEL_VALUE_WITHDRAWN: _ClassVar[LabelValue]

class LabelSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_SOURCE_UNSPECIFIED: _ClassVar[LabelSource]
    LABEL_SOURCE_ANALYST: _ClassVar[LabelSource]
    LABEL_SOURCE_CHARGEBACK: _ClassVar[LabelSource]
    LABEL_SOURCE_EXTERNAL: _ClassVar[LabelSource]

class LabelStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_STATUS_UNSPECIFIED: _ClassVar[LabelStatus]
    LABEL_STATUS_APPLIED: _ClassVar[LabelStatus]
    LABEL_STATUS_DUPLICATE: _ClassVar[LabelStatus]
    LABEL_STATUS_UNKNOWN_TRANSACTION: _ClassVar[LabelStatus]
LABEL_VALUE_UNSPECIFIED: LabelValue
LABEL_VALUE_FRAUD: LabelValue
LABEL_VALUE_LEGITIMATE: LabelValue
LABEL_VALUE_WITHDRAWN: LabelValue
LABEL_SOURCE_UNSPECIFIED: LabelSource
LABEL_SOURCE_ANALYST: LabelSource
LABEL_SOURCE_CHARGEBACK: LabelSource
LABEL_SOURCE_EXTERNAL: LabelSource
LABEL_STATUS_UNSPECIFIED: LabelStatus
LABEL_STATUS_APPLIED: LabelStatus
LABEL_STATUS_DUPLICATE: LabelStatus
LABEL_STATUS_UNKNOWN_TRANSACTION: LabelStatus

class ReportLabelsRequest(_message.Message):
    __slots__ = ("labels",)
    LABELS_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.RepeatedCompositeFieldContainer[Label]
    def __init__(self, labels: _Optional[_Iterable[_Union[Label, _Mapping]]] = ...) -> None: ...

class ReportLabelsResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[LabelOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[LabelOutcome, _Mapping]]] = ...) -> None: ...

class Label(_message.Message):
    __slots__ = ("label_id", "transaction_id", "value", "source", "known_time")
    LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    KNOWN_TIME_FIELD_NUMBER: _ClassVar[int]
    label_id: str
    transaction_id: str
    value: LabelValue
    source: LabelSource
    known_time: _timestamp_pb2.Timestamp
    def __init__(self, label_id: _Optional[str] = ..., transaction_id: _Optional[str] = ..., value: _Optional[_Union[LabelValue, str]] = ..., source: _Optional[_Union[LabelSource, str]] = ..., known_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LabelOutcome(_message.Message):
    __slots__ = ("label_id", "status", "sequence")
    LABEL_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    label_id: str
    status: LabelStatus
    sequence: int
    def __init__(self, label_id: _Optional[str] = ..., status: _Optional[_Union[LabelStatus, str]] = ..., sequence: _Optional[int] = ...) -> None: ...
