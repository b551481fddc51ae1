"""The client's part for models: what is in use, and changing it."""

from typing import Any

import grpc
from anomaly.v1 import model_service_pb2, model_service_pb2_grpc

from gateway.domain.model import (
    Drift,
    FoundModel,
    HeldModel,
    ModelRole,
    ModelsInUse,
    ShadowComparison,
)
from gateway.scoring.converters import instant
from gateway.scoring.status import refusals, translated

# The gate of a large model takes its time; it runs in a process of its own.
_CHANGE_TIMEOUT_S = 150.0
_ROLES = {
    model_service_pb2.MODEL_ROLE_CHAMPION: ModelRole.CHAMPION,
    model_service_pb2.MODEL_ROLE_CANARY: ModelRole.CANARY,
    model_service_pb2.MODEL_ROLE_SHADOW: ModelRole.SHADOW,
    model_service_pb2.MODEL_ROLE_PREVIOUS: ModelRole.PREVIOUS,
}


class ModelClient:
    """Asks ModelService over a channel.

    All that change raise NotFoundError where there is no such model, ConflictError with the
    server's sentence where it refuses, and UnavailableError where it is away.
    """

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub: Any = model_service_pb2_grpc.ModelServiceStub(channel)
        self._timeout_s = timeout_s

    async def in_use(self) -> ModelsInUse:
        """Return what the server holds and finds.

        Raises:
            UnavailableError: the server is away.
        """
        with translated():
            answer = await self._stub.ListModels(
                model_service_pb2.ListModelsRequest(), timeout=self._timeout_s
            )
        found = [
            FoundModel(name=each.name, version=each.version, fault=each.fault)
            for each in answer.versions
        ]
        drifts = [
            Drift(
                feature=each.feature,
                psi=each.psi,
                ks=each.ks,
                transactions=each.transactions,
                alarm=each.alarm,
            )
            for each in answer.drifts
        ]
        held = _held(answer.models)
        return ModelsInUse(held=held, found=found, fault=answer.fault, drifts=drifts)

    async def promote(self, name: str, version: str) -> list[HeldModel]:
        """Make a model champion; return the models held afterwards."""
        request = model_service_pb2.PromoteModelRequest(name=name, version=version)
        return await self._change(self._stub.PromoteModel, request)

    async def rollback(self) -> list[HeldModel]:
        """Make the previous champion champion again; return the models held afterwards."""
        return await self._change(
            self._stub.RollbackModel, model_service_pb2.RollbackModelRequest()
        )

    async def set_canary(self, name: str, version: str, percentage: float) -> list[HeldModel]:
        """Let a model score a share of the accounts; return the models held afterwards."""
        request = model_service_pb2.SetCanaryRequest(
            name=name, version=version, canary_pct=percentage
        )
        return await self._change(self._stub.SetCanary, request)

    async def set_shadow(self, name: str, version: str, *, on: bool) -> list[HeldModel]:
        """Compare a model or stop that; return the models held afterwards."""
        request = model_service_pb2.SetShadowRequest(name=name, version=version, shadow=on)
        return await self._change(self._stub.SetShadow, request)

    async def _change(self, method: Any, request: Any) -> list[HeldModel]:
        # The inner one first: what it leaves is translated as everywhere.
        with translated(), refusals():
            answer = await method(request, timeout=_CHANGE_TIMEOUT_S)
        return _held(answer.models)


def _comparison(found: model_service_pb2.ShadowComparison) -> ShadowComparison:
    return ShadowComparison(
        transactions=found.transactions,
        alerts=found.alerts,
        alerts_gained=found.alerts_gained,
        alerts_lost=found.alerts_lost,
        failed=found.failed,
        score_difference_mean=found.score_difference_mean,
    )


def _held(models: Any) -> list[HeldModel]:
    return [
        HeldModel(
            name=each.name,
            version=each.version,
            role=_ROLES[each.role],
            sha256=each.sha256,
            threshold=each.threshold,
            feature_count=len(each.features),
            canary_pct=each.canary_pct,
            loaded_time=instant(each.load_time),
            comparison=_comparison(each.comparison) if each.HasField("comparison") else None,
        )
        for each in models
        if each.role in _ROLES
    ]
