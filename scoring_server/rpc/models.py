"""ModelService: which models are held."""

from anomaly.v1 import model_service_pb2

from scoring_server.inference.model_slots import CHAMPION, PREVIOUS, SHADOW, ModelSlots
from scoring_server.rpc.converters import timestamp
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, UnaryMethod

SERVICE = "anomaly.v1.ModelService"

_ROLES = {
    CHAMPION: model_service_pb2.MODEL_ROLE_CHAMPION,
    SHADOW: model_service_pb2.MODEL_ROLE_SHADOW,
    PREVIOUS: model_service_pb2.MODEL_ROLE_PREVIOUS,
}


class ModelService:
    """Answers ModelService."""

    def __init__(self, models: ModelSlots) -> None:
        self._models = models

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        return [UnaryMethod(SERVICE, "ListModels", Pool.ADMIN, self.list_models)]

    def list_models(self, request: bytes, _call: Call) -> bytes:
        """List the models held, champion first."""
        parse(model_service_pb2.ListModelsRequest, request)
        response = model_service_pb2.ListModelsResponse()
        for role, model in self._models.all():
            identity = model.identity
            response.models.add(
                name=identity.name,
                version=identity.version,
                role=_ROLES[role],
                sha256=identity.sha256,
                features=identity.features,
                threshold=identity.threshold,
                load_time=timestamp(identity.load_time_ns),
            )
        return response.SerializeToString()
