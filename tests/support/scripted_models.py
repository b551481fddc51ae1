"""ModelService of the scripted scoring server, and how its services refuse."""

from typing import Any

import grpc
from anomaly.v1 import model_service_pb2, model_service_pb2_grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2


async def refuse(context: Any, code: grpc.StatusCode, message: str, *details: Any) -> None:
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(code, message)


class ScriptedModels(model_service_pb2_grpc.ModelServiceServicer):
    """Knows the versions 1.0.0 to 3.0.0 of the model default; 3.0.0 is refused."""

    def __init__(self, versions: list[str]) -> None:
        self._versions = versions

    async def ListModels(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        response = model_service_pb2.ListModelsResponse(models=self._held())
        response.models.append(self._model("0.9.0", model_service_pb2.MODEL_ROLE_SHADOW))
        response.models[-1].comparison.transactions = 1_000
        response.models[-1].comparison.alerts_gained = 7
        response.drifts.add(feature="amount", psi=0.31234, ks=0.2, transactions=5_000, alarm=True)
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            fault = "3.0.0 is slow; make it smaller" if version == "3.0.0" else ""
            response.versions.add(name="default", version=version, fault=fault)
        return response

    async def PromoteModel(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._check(request, context)
        held = [each for each in self._versions if each != request.version]
        self._versions[:] = [request.version, *held][:2]
        return model_service_pb2.PromoteModelResponse(models=self._held())

    async def RollbackModel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        if len(self._versions) == 1:
            info = error_details_pb2.ErrorInfo(reason="MODEL_NO_PREVIOUS", domain="anomaly")
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "no previous model", info)
        self._versions.reverse()
        return model_service_pb2.RollbackModelResponse(models=self._held())

    async def SetCanary(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._check(request, context)
        held = self._held()
        held.append(self._model(request.version, model_service_pb2.MODEL_ROLE_CANARY))
        held[-1].canary_pct = request.canary_pct
        return model_service_pb2.SetCanaryResponse(models=held)

    async def SetShadow(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._check(request, context)
        held = self._held()
        if request.shadow:
            held.append(self._model(request.version, model_service_pb2.MODEL_ROLE_SHADOW))
        return model_service_pb2.SetShadowResponse(models=held)

    async def _check(self, request: Any, context: Any) -> None:
        if request.name != "default" or request.version not in ("1.0.0", "2.0.0", "3.0.0"):
            info = error_details_pb2.ErrorInfo(reason="MODEL_MISSING", domain="anomaly")
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "no such model", info)
        if request.version == "3.0.0":
            info = error_details_pb2.ErrorInfo(reason="MODEL_INVALID", domain="anomaly")
            message = "3.0.0 is slow; make it smaller"
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, message, info)

    def _held(self) -> list[Any]:
        roles = (model_service_pb2.MODEL_ROLE_CHAMPION, model_service_pb2.MODEL_ROLE_PREVIOUS)
        pairs = zip(self._versions, roles, strict=False)
        return [self._model(version, role) for version, role in pairs]

    def _model(self, version: str, role: int) -> Any:
        return model_service_pb2.Model(
            name="default", version=version, role=role, sha256="0" * 64, features=["amount"],
            threshold=0.5,
        )  # fmt: skip
