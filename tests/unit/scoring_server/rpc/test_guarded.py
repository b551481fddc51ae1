"""Every method of ours needs the permission that the documents say, and only ours do."""

import pytest
from anomaly.v1 import (
    event_service_pb2,
    label_service_pb2,
    model_service_pb2,
    rule_service_pb2,
    scoring_service_pb2,
)

from scoring_server.rpc.clients import Permission
from scoring_server.rpc.guarded import guarded, needed
from scoring_server.rpc.transport import Method, Pool, UnaryMethod

SERVICES = [
    service.full_name + "/" + method.name
    for module in (
        event_service_pb2,
        label_service_pb2,
        model_service_pb2,
        rule_service_pb2,
        scoring_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
EXPECTED = {
    "anomaly.v1.ScoringService/Score": Permission.SCORE,
    "anomaly.v1.ScoringService/ScoreBatch": Permission.SCORE,
    "anomaly.v1.ScoringService/ScoreStream": Permission.SCORE,
    "anomaly.v1.LabelService/ReportLabels": Permission.LABEL,
    "anomaly.v1.EventService/Subscribe": Permission.FEED,
    "anomaly.v1.EventService/ConfirmPosition": Permission.FEED,
    "anomaly.v1.ModelService/ListModels": None,
    "anomaly.v1.ModelService/PromoteModel": Permission.ADMIN,
    "anomaly.v1.ModelService/RollbackModel": Permission.ADMIN,
    "anomaly.v1.ModelService/SetCanary": Permission.ADMIN,
    "anomaly.v1.ModelService/SetShadow": Permission.ADMIN,
    "anomaly.v1.RuleService/GetRules": Permission.ADMIN,
    "anomaly.v1.RuleService/CheckRules": Permission.ADMIN,
    "anomaly.v1.RuleService/BacktestRules": Permission.ADMIN,
    "anomaly.v1.RuleService/PutRules": Permission.ADMIN,
}


def test_every_method_of_the_protocol_is_decided() -> None:
    assert {path: needed(Method(*path.split("/"), Pool.ADMIN)) for path in SERVICES} == EXPECTED


def test_method_of_a_new_service_is_for_admins() -> None:
    assert needed(Method("anomaly.v1.NewService", "Do", Pool.ADMIN)) is Permission.ADMIN


@pytest.mark.parametrize("service", ["grpc.health.v1.Health", "anomaly.v1.ScoringService"])
def test_without_clients_methods_stay_the_very_same(service: str) -> None:
    method = UnaryMethod(service, "Score", Pool.SCORING, lambda request, _call: request)

    class Nothing:
        def add(self, *_: object) -> None:
            raise NotImplementedError

    assert guarded([method], None, Nothing())[0] is method
