"""ModelService: which models are held, and what they are used for."""

from collections.abc import Callable, Sequence

from anomaly.v1 import model_service_pb2

from scoring_server.engine.comparison import Compared, Comparison
from scoring_server.errors import FieldViolation
from scoring_server.inference.deployment import Deployment
from scoring_server.inference.model_slots import CANARY, CHAMPION, PREVIOUS, SHADOW, Lineup
from scoring_server.inference.model_watch import FoundVersion
from scoring_server.rpc.converters import timestamp
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, UnaryMethod
from scoring_server.rpc.validation import invalid

SERVICE = "anomaly.v1.ModelService"

_ROLES = {
    CHAMPION: model_service_pb2.MODEL_ROLE_CHAMPION,
    CANARY: model_service_pb2.MODEL_ROLE_CANARY,
    SHADOW: model_service_pb2.MODEL_ROLE_SHADOW,
    PREVIOUS: model_service_pb2.MODEL_ROLE_PREVIOUS,
}


class ModelService:
    """Answers ModelService.

    Args:
        deployment: changes the slots.
        found: lists the versions in the folder.
        comparison: knows how shadows compare, and what has drifted.
    """

    def __init__(
        self,
        deployment: Deployment,
        found: Callable[[], Sequence[FoundVersion]],
        comparison: Comparison,
    ) -> None:
        self._deployment = deployment
        self._found = found
        self._comparison = comparison

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        behaviors = {
            "ListModels": self.list_models,
            "PromoteModel": self.promote,
            "RollbackModel": self.rollback,
            "SetCanary": self.set_canary,
            "SetShadow": self.set_shadow,
        }
        return [
            UnaryMethod(SERVICE, name, Pool.ADMIN, behavior) for name, behavior in behaviors.items()
        ]

    def list_models(self, request: bytes, _call: Call) -> bytes:
        """List the models held, champion first, and what lies in the folder."""
        parse(model_service_pb2.ListModelsRequest, request)
        slots = self._deployment.slots
        lineup = slots.lineup
        response = model_service_pb2.ListModelsResponse(models=_models(lineup), fault=slots.fault)
        for name, version, fault in self._found():
            response.versions.add(name=name, version=version, fault=fault)
        for message, (role, model) in zip(response.models, lineup.all(), strict=True):
            if role == SHADOW:
                message.comparison.CopyFrom(_compared(self._comparison.of(model)))
        for drift in self._comparison.drifts():
            response.drifts.add(
                feature=drift.feature,
                psi=drift.psi,
                ks=drift.ks,
                transactions=drift.rows,
                alarm=drift.is_alarm,
            )
        return response.SerializeToString()

    def promote(self, request: bytes, _call: Call) -> bytes:
        """Make a model champion."""
        message = parse(model_service_pb2.PromoteModelRequest, request)
        _check_named(message.name, message.version)
        lineup = self._deployment.promote(message.name, message.version)
        return model_service_pb2.PromoteModelResponse(models=_models(lineup)).SerializeToString()

    def rollback(self, request: bytes, _call: Call) -> bytes:
        """Make the previous champion champion again."""
        parse(model_service_pb2.RollbackModelRequest, request)
        lineup = self._deployment.rollback()
        return model_service_pb2.RollbackModelResponse(models=_models(lineup)).SerializeToString()

    def set_canary(self, request: bytes, _call: Call) -> bytes:
        """Let a model score a share of the accounts."""
        message = parse(model_service_pb2.SetCanaryRequest, request)
        _check_named(message.name, message.version)
        lineup = self._deployment.set_canary(message.name, message.version, message.canary_pct)
        return model_service_pb2.SetCanaryResponse(models=_models(lineup)).SerializeToString()

    def set_shadow(self, request: bytes, _call: Call) -> bytes:
        """Compare a model with the champion, or stop that."""
        message = parse(model_service_pb2.SetShadowRequest, request)
        _check_named(message.name, message.version)
        lineup = self._deployment.set_shadow(message.name, message.version, on=message.shadow)
        return model_service_pb2.SetShadowResponse(models=_models(lineup)).SerializeToString()


def _check_named(name: str, version: str) -> None:
    fields = {"name": name, "version": version}
    missing = [FieldViolation(field, "must be given") for field, text in fields.items() if not text]
    if missing:
        raise invalid(missing)


def _compared(found: Compared) -> model_service_pb2.ShadowComparison:
    return model_service_pb2.ShadowComparison(
        transactions=found.transactions,
        alerts=found.alerts,
        alerts_gained=found.gained,
        alerts_lost=found.lost,
        failed=found.failed,
        score_difference_mean=found.difference / max(found.transactions, 1),
    )


def _models(lineup: Lineup) -> list[model_service_pb2.Model]:
    return [
        model_service_pb2.Model(
            name=model.identity.name,
            version=model.identity.version,
            role=_ROLES[role],
            sha256=model.identity.sha256,
            features=model.identity.features,
            threshold=model.identity.threshold,
            load_time=timestamp(model.identity.load_time_ns),
            canary_pct=lineup.canary_pct if role == CANARY else 0.0,
        )
        for role, model in lineup.all()
    ]
