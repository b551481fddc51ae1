"""Kinds of requests that are limited apart from each other, and how many of each are free."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class RouteClass(StrEnum):
    """What a request costs us, and whom more of it would help.

    Attributes:
        LOGIN: shows a password, a refresh token or an answer of an identity provider.
        READING: looks at something.
        WRITING: changes something.
        EXPORT: reads a whole list.
        EVALUATE: sends a transaction to be scored.
        LIVE: opens a stream that stays open.
    """

    LOGIN = "login"
    READING = "reading"
    WRITING = "writing"
    EXPORT = "export"
    EVALUATE = "evaluate"
    LIVE = "live"


class RatePolicy(NamedTuple):
    """So many requests in each window; 0 sets no limit."""

    requests_max: int
    window_s: int


_LOGIN_PATHS = ("/api/auth/login", "/api/auth/refresh", "/api/auth/oidc/", "/session/")
_EVALUATE_PATH = "/api/detection/evaluate"
# The last part of a path that says what its answer is.
_EXPORT_ENDINGS = ("/export", ".csv")
_LIVE_PATHS = ("/api/live/",)
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def route_class(method: str, path: str) -> RouteClass:
    """Return what kind of request that is; paths that nobody serves have one too."""
    path = path.rstrip("/")
    if path.startswith(_LOGIN_PATHS):
        return RouteClass.LOGIN
    if path == _EVALUATE_PATH:
        return RouteClass.EVALUATE
    if method not in _READING_METHODS:
        return RouteClass.WRITING
    if path.endswith(_EXPORT_ENDINGS):
        return RouteClass.EXPORT
    if path.startswith(_LIVE_PATHS):
        return RouteClass.LIVE
    return RouteClass.READING


def policies(
    default: RatePolicy, own: Mapping[RouteClass, RatePolicy]
) -> dict[RouteClass, RatePolicy]:
    """Return the policy of each class: its own, or the default."""
    return {each: own.get(each, default) for each in RouteClass}
