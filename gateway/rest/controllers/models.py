"""Seeing and changing which models score."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.params import JSONBody

from gateway.domain.model import HeldModel, ShadowComparison
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.models import (
    CanaryBody,
    DriftBody,
    FoundModelBody,
    HeldModelBody,
    HeldModelsEnvelope,
    ModelComparisonBody,
    ModelsBody,
    ModelsEnvelope,
    ShadowBody,
)
from gateway.rest.session import analyst_of, client_of
from gateway.rest.wiring_models import Models
from gateway.rest.wiring_records import PathId
from gateway.services.people import Author

_PLACES = 4

AnyRequest = Request[Any, Any, Any]


class ModelController(Controller):
    """Paths below /api/models."""

    path = "/api/models"
    tags = ("models",)

    @get(responses=RESPONSES, operation_id="list_models", summary="List models")
    async def list_models(self, models: Models) -> ModelsEnvelope:
        """Return the models in use, champion first, and all in the folder of models."""
        found = await models.in_use()
        return ModelsEnvelope(
            ModelsBody(
                [_body(each) for each in found.held],
                [FoundModelBody(each.name, each.version, each.fault) for each in found.found],
                found.fault,
                [
                    DriftBody(
                        each.feature,
                        round(each.psi, _PLACES),
                        round(each.ks, _PLACES),
                        each.transactions,
                        each.alarm,
                    )
                    for each in found.drifts
                ],
            )
        )

    @post(
        "/{name:str}/{version:str}/promote",
        status_code=200,
        responses=RESPONSES,
        operation_id="promote_model",
        summary="Promote a model",
    )
    async def promote_model(
        self, request: AnyRequest, models: Models, name: PathId, version: PathId
    ) -> HeldModelsEnvelope:
        """Make a model champion after it has passed the gate. Safe to repeat.

        409 with the sentence of the gate when it is refused; then nothing has changed.
        """
        return _envelope(await models.promote(name, version, _author(request)))

    @post(
        "/rollback",
        status_code=200,
        responses=RESPONSES,
        operation_id="roll_back_model",
        summary="Roll back",
    )
    async def roll_back_model(self, request: AnyRequest, models: Models) -> HeldModelsEnvelope:
        """Make the previous champion champion again, and the present one previous."""
        return _envelope(await models.rollback(_author(request)))

    @post(
        "/{name:str}/{version:str}/canary",
        dto=JsonBody[CanaryBody],
        return_dto=None,
        status_code=200,
        responses=RESPONSES,
        operation_id="set_canary",
        summary="Let a model score a share of the accounts",
    )
    async def set_canary(
        self,
        request: AnyRequest,
        models: Models,
        name: PathId,
        version: PathId,
        data: JSONBody[CanaryBody],
    ) -> HeldModelsEnvelope:
        """Let it score always the same share of accounts in place of the champion."""
        share = data.percentage
        return _envelope(await models.set_canary(name, version, share, _author(request)))

    @post(
        "/{name:str}/{version:str}/shadow",
        dto=JsonBody[ShadowBody],
        return_dto=None,
        status_code=200,
        responses=RESPONSES,
        operation_id="set_shadow",
        summary="Compare a model with the champion",
    )
    async def set_shadow(
        self,
        request: AnyRequest,
        models: Models,
        name: PathId,
        version: PathId,
        data: JSONBody[ShadowBody],
    ) -> HeldModelsEnvelope:
        """Compare it on all transactions, without its score counting, or stop that."""
        return _envelope(await models.set_shadow(name, version, _author(request), on=data.active))


def _author(request: AnyRequest) -> Author:
    return Author(analyst_of(None), client_of(request))


def _envelope(held: list[HeldModel]) -> HeldModelsEnvelope:
    return HeldModelsEnvelope([_body(each) for each in held])


def _comparison(found: ShadowComparison | None) -> ModelComparisonBody | None:
    if found is None:
        return None
    return ModelComparisonBody(
        found.transactions,
        found.alerts,
        found.alerts_gained,
        found.alerts_lost,
        found.failed,
        round(found.score_difference_mean, _PLACES),
    )


def _body(held: HeldModel) -> HeldModelBody:
    return HeldModelBody(
        held.name,
        held.version,
        held.role,
        held.sha256,
        held.threshold,
        held.feature_count,
        held.canary_pct,
        held.loaded_time,
        _comparison(held.comparison),
    )
