"""The analysts' console."""

from litestar import Router
from litestar.static_files import create_static_files_router

from gateway.console.decision_pages import show_explanation, show_receipt
from gateway.console.errors import PAGE_ERRORS
from gateway.console.overview_pages import (
    show_analytics,
    show_entity,
    show_models,
    show_rules,
    show_scanner,
    show_settings,
)
from gateway.console.pages import (
    show_dashboard,
    show_investigation,
    show_queue,
    show_surroundings,
)
from gateway.console.rendering import STATIC, static_paths
from gateway.console.session import ConsoleSessionController
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def unlimited_paths() -> frozenset[str]:
    """Return the paths that count towards no limit: what pages are made of."""
    return static_paths()


def _start(shared: Shared) -> Live:
    return Live({"over_tls": shared.config.is_production})


TOPIC = Topic(
    handlers=(
        Router(
            path="/",
            route_handlers=[
                show_dashboard,
                show_queue,
                show_investigation,
                show_surroundings,
                show_explanation,
                show_receipt,
                show_entity,
                show_analytics,
                show_scanner,
                show_models,
                show_rules,
                show_settings,
            ],
            exception_handlers=PAGE_ERRORS,
            include_in_schema=False,
        ),
        ConsoleSessionController,
        create_static_files_router(
            path="/static",
            directories=[STATIC],
            include_in_schema=False,
        ),
    ),
    names=("over_tls",),
    start=_start,
)
