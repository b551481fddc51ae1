"""Health, metrics, and the pages that describe the API."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar import Controller, MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from gateway.rest import reference
from gateway.rest.wiring import HealthChecks
from gateway.services.health import Check

T = TypeVar("T")


class Health(msgspec.Struct):
    """The gateway lives."""

    status: str
    app: str
    version: str
    environment: str


class Readiness(msgspec.Struct):
    """Whether everything that the gateway needs is usable, part by part."""

    status: str
    checks: dict[str, Check]


class HealthController(Controller):
    """Liveness and readiness."""

    path = "/health"
    tags = ("system",)
    security = ({},)

    @get(operation_id="health", summary="Is the gateway alive")
    async def health(self, about: NamedDependency[Health]) -> Health:
        """Answer as long as the process works; asks nobody else."""
        return about

    @get(
        "/ready",
        operation_id="ready",
        summary="Are all parts usable",
        responses={
            503: ResponseSpec(
                Readiness, description="A part is not usable", generate_examples=False
            )
        },
    )
    async def ready(self, health: HealthChecks) -> Response[Readiness]:
        """Name the state of the scoring server, the database and the event feed.

        503 unless all are usable.
        """
        checks = await health.checks()
        if all(check.status == "ok" for check in checks.values()):
            return Response(Readiness("ready", checks))
        return Response(
            Readiness("not_ready", checks), status_code=503, headers={"Retry-After": "1"}
        )


@get(
    ["/docs", "/redoc"],
    include_in_schema=False,
    media_type=MediaType.HTML,
    sync_to_thread=False,
)
def docs(request: Request[Any, Any, Any]) -> str:
    """Return the description of the API as a page that needs nothing from another host."""
    return _once(request, reference.reference_page)


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the description of the API for machines."""
    return Response(_once(request, msgspec.json.encode), media_type=MediaType.JSON)


def _once(request: Request[Any, Any, Any], make: Callable[[dict[str, Any]], T]) -> T:
    """Return what is made of the description, which stays as it is while the gateway runs."""
    kept, name = request.app.state, f"description_{make.__name__}"
    if name not in kept:
        kept[name] = make(request.app.openapi_schema.to_schema())
    made: T = kept[name]
    return made
