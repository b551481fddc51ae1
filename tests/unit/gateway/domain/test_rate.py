import pytest

from gateway.domain.rate import RatePolicy, RouteClass, policies, route_class


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/api/auth/login", RouteClass.LOGIN),
        ("POST", "/api/auth/refresh/", RouteClass.LOGIN),
        ("GET", "/api/auth/oidc/callback", RouteClass.LOGIN),
        ("GET", "/api/auth/me", RouteClass.READING),
        ("POST", "/api/auth/logout", RouteClass.WRITING),
        ("POST", "/api/detection/evaluate", RouteClass.EVALUATE),
        ("POST", "/api/detection/evaluate/", RouteClass.EVALUATE),
        ("GET", "/api/alerts", RouteClass.READING),
        ("HEAD", "/nowhere", RouteClass.READING),
        ("BREW", "/nowhere", RouteClass.WRITING),
        ("GET", "/api/alerts/export", RouteClass.EXPORT),
        ("GET", "/api/feedback.csv", RouteClass.EXPORT),
        ("POST", "/api/alerts/export", RouteClass.WRITING),
        ("GET", "/api/live/alerts", RouteClass.LIVE),
    ],
)
def test_every_request_has_a_kind(method: str, path: str, expected: RouteClass) -> None:
    assert route_class(method, path) is expected


def test_each_kind_has_its_own_policy_or_the_default() -> None:
    found = policies(RatePolicy(5, 60), {RouteClass.LOGIN: RatePolicy(1, 2)})
    assert found.pop(RouteClass.LOGIN) == (1, 2)
    assert set(found.values()) == {RatePolicy(5, 60)}
    assert len(found) == len(RouteClass) - 1
