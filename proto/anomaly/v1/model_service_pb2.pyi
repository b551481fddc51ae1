import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_ROLE_UNSPECIFIED: _ClassVar[ModelRole]
    MODEL_ROLE_CHAMPION: _ClassVar[ModelRole]
    MODEL_ROLE_SHADOW: _ClassVar[ModelRole]
    MODEL_ROLE_PREVIOUS: _ClassVar[ModelRole]
    MODEL_ROLE_CANARY: _ClassVar[ModelRole]
MODEL_ROLE_UNSPECIFIED: ModelRole
MODEL_ROLE_CHAMPION: ModelRole
MODEL_ROLE_SHADOW: ModelRole
MODEL_ROLE_PREVIOUS: ModelRole
MODEL_ROLE_CANARY: ModelRole

class PromoteModelRequest(_message.Message):
    __slots__ = ("name", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class PromoteModelResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class RollbackModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RollbackModelResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class SetCanaryRequest(_message.Message):
    __slots__ = ("name", "version", "canary_pct")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CANARY_PCT_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    canary_pct: float
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., canary_pct: _Optional[float] = ...) -> None: ...

class SetCanaryResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class SetShadowRequest(_message.Message):
    __slots__ = ("name", "version", "shadow")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    shadow: bool
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., shadow: _Optional[bool] = ...) -> None: ...

class SetShadowResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "versions", "fault", "drifts")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    DRIFTS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    versions: _containers.RepeatedCompositeFieldContainer[ModelVersion]
    fault: str
    drifts: _containers.RepeatedCompositeFieldContainer[Drift]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., versions: _Optional[_Iterable[_Union[ModelVersion, _Mapping]]] = ..., fault: _Optional[str] = ..., drifts: _Optional[_Iterable[_Union[Drift, _Mapping]]] = ...) -> None: ...

class ShadowComparison(_message.Message):
    __slots__ = ("transactions", "alerts", "alerts_gained", "alerts_lost", "failed", "score_difference_mean")
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    ALERTS_GAINED_FIELD_NUMBER: _ClassVar[int]
    ALERTS_LOST_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    SCORE_DIFFERENCE_MEAN_FIELD_NUMBER: _ClassVar[int]
    transactions: int
    alerts: int
    alerts_gained: int
    alerts_lost: int
    failed: int
    score_difference_mean: float
    def __init__(self, transactions: _Optional[int] = ..., alerts: _Optional[int] = ..., alerts_gained: _Optional[int] = ..., alerts_lost: _Optional[int] = ..., failed: _Optional[int] = ..., score_difference_mean: _Optional[float] = ...) -> None: ...

class Drift(_message.Message):
    __slots__ = ("feature", "psi", "ks", "transactions", "alarm")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    PSI_FIELD_NUMBER: _ClassVar[int]
    KS_FIELD_NUMBER: _ClassVar[int]
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    feature: str
    psi: float
    ks: float
    transactions: int
    alarm: bool
    def __init__(self, feature: _Optional[str] = ..., psi: _Optional[float] = ..., ks: _Optional[float] = ..., transactions: _Optional[int] = ..., alarm: _Optional[bool] = ...) -> None: ...

class ModelVersion(_message.Message):
    __slots__ = ("name", "version", "fault")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    fault: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., fault: _Optional[str] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "version", "role", "sha256", "features", "threshold", "load_time", "canary_pct", "comparison")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    LOAD_TIME_FIELD_NUMBER: _ClassVar[int]
    CANARY_PCT_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    role: ModelRole
    sha256: str
    features: _containers.RepeatedScalarFieldContainer[str]
    threshold: float
    load_time: _timestamp_pb2.Timestamp
    canary_pct: float
    comparison: ShadowComparison
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., role: _Optional[_Union[ModelRole, str]] = ..., sha256: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ..., threshold: _Optional[float] = ..., load_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., canary_pct: _Optional[float] = ..., comparison: _Optional[_Union[ShadowComparison, _Mapping]] = ...) -> None: ...
