"""What a topic brings to the application: routes, the services behind them, tasks beside them."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from gateway.topics.shared import Shared, Task


class Live(Struct, frozen=True):
    """A topic while the application runs.

    Attributes:
        services: what is handed to handlers, by the name they ask for it.
        tasks: run from start to stop; a task must not end by itself.
        refresh: awaited before figures are shown; they must not raise.
    """

    services: Mapping[str, object]
    tasks: tuple[Task, ...] = ()
    refresh: tuple[Task, ...] = ()


class Gauge(Struct, frozen=True):
    """A figure that is read from the services whenever somebody asks for the figures."""

    name: str
    description: str
    read: Callable[[Mapping[str, Any]], float]


class Tally(Struct, frozen=True):
    """Counts by one label that are read from the services whenever somebody asks."""

    name: str
    description: str
    label: str
    read: Callable[[Mapping[str, Any]], Mapping[str, float]]


class Topic(Struct, frozen=True):
    """A topic before the application starts.

    Attributes:
        handlers: controllers and route handlers.
        names: of its services, known before there are any.
        start: makes the services, inside the event loop.
        gauges, tallies: figures of its services.
    """

    handlers: tuple[Any, ...]
    names: tuple[str, ...]
    start: Callable[[Shared], Live]
    gauges: tuple[Gauge, ...] = ()
    tallies: tuple[Tally, ...] = ()
