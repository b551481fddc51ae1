"""Users with known passwords, and logging them in."""

from typing import Any

import argon2
import httpx

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.people import User
from gateway.domain.permission import Role
from gateway.services.people import Author, PeopleService
from gateway.topics.shared import new_id

# Random, and of no other use.
SECRET = "Vn4_tQ8z-Lw1xKe6RbY0pHs3Gd7Mj5Fc"
PASSWORD = "correct horse battery"
AUTHOR = Author("tests", "")
# Cheap, as a hash says itself what it costs to check.
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
CHEAP_HASH = CHEAP.hash(PASSWORD)


def people_of(database: Database) -> PeopleService:
    return PeopleService(database, utc_now, new_id)


async def add_user(
    database: Database,
    name: str,
    role: Role,
    *,
    must_change_password: bool = False,
    password_hash: str = CHEAP_HASH,
) -> User:
    return await people_of(database).add_user(
        name, "", role, password_hash, AUTHOR, must_change_password=must_change_password
    )


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> dict[str, Any]:
    answer = await client.post("/api/auth/login", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def bearer(token: str | dict[str, Any]) -> dict[str, str]:
    """Return the header that shows a token, or the access token of a login."""
    text = token if isinstance(token, str) else token["access_token"]
    return {"Authorization": f"Bearer {text}"}
