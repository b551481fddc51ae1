import re
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gateway.domain.identity import Identity, highest_role, values_of
from gateway.domain.people import NAME_PATTERN
from gateway.domain.permission import Role


def identity(**claims: Any) -> Identity:
    return Identity(issuer="https://id.example", subject="s1", claims=claims)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "Anna Müller"}, "anna-m-ller"),
        ({"preferred_username": "--x", "email": "X@Example.com"}, "x@example.com"),
        ({"preferred_username": 7, "email": " anna@example.com "}, "anna@example.com"),
        ({"preferred_username": "token:x"}, "token-x"),
    ],
)
def test_name_comes_from_the_claims(claims: dict[str, Any], name: str) -> None:
    assert identity(**claims).name == name


@given(st.text() | st.integers() | st.none(), st.text(), st.text(), st.text(min_size=1))
def test_every_name_is_one_that_users_have(
    preferred: Any, email: str, name: str, subject: str
) -> None:
    claims = {"preferred_username": preferred, "email": email, "name": name}
    somebody = Identity(issuer="https://id.example", subject=subject, claims=claims)
    for given_name in (somebody.name, somebody.name_apart):
        assert re.fullmatch(NAME_PATTERN, given_name)
    assert somebody.name_apart != somebody.name or somebody.name.startswith("user-")
    assert len(somebody.display_name) <= 100
    assert "\x00" not in somebody.display_name


def test_names_apart_are_apart() -> None:
    claims = {"preferred_username": "anna"}
    apart = {
        Identity(issuer=issuer, subject=subject, claims=claims).name_apart
        for issuer in ("https://a.example", "https://b.example")
        for subject in ("1", "2")
    }
    assert len(apart) == 4


@pytest.mark.parametrize(
    ("claims", "path", "expected"),
    [
        ({"roles": ["a", 1, "b"]}, "roles", {"a", "b"}),
        ({"roles": "a b"}, "roles", {"a b"}),
        ({"realm": {"roles": ["a"]}}, "realm.roles", {"a"}),
        ({"https://x.example/roles": ["a"]}, "https://x.example/roles", {"a"}),
        ({"realm": ["roles"]}, "realm.roles", set()),
        ({"roles": {"a": 1}}, "roles", set()),
        ({}, "roles", set()),
    ],
)
def test_values_of_a_claim(claims: dict[str, Any], path: str, expected: set[str]) -> None:
    assert values_of(claims, path) == expected


def test_highest_role_wins_and_unknown_values_give_none() -> None:
    roles = {"a": Role.VIEWER, "b": Role.ADMIN, "c": Role.ANALYST}
    assert highest_role(frozenset({"a", "b", "x"}), roles) is Role.ADMIN
    assert highest_role(frozenset({"c", "a"}), roles) is Role.ANALYST
    assert highest_role(frozenset({"x"}), roles) is None
    assert highest_role(frozenset(), roles) is None
