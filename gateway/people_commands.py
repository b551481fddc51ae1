"""`anomaly user`: the first admin, and what has to work when nobody can log in."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from gateway.domain.permission import Role, Scope

if TYPE_CHECKING:
    from gateway.services.people import Author, PeopleService

T = TypeVar("T")

_PAGE = 100


@click.group()
def user() -> None:
    """Look after the people who log in to the gateway."""


@user.command()
@click.option("--name", prompt="Name", help="Name to log in with: small letters and digits.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--display-name", default="", help="Name to show; the name itself by default.")
def create(name: str, role: str, display_name: str) -> None:
    """Add a user. The password is asked for, or read from standard input."""
    from gateway.services.passwords import hashed_now
    from gateway.services.people import require_good_password

    async def add(people: "PeopleService", author: "Author") -> None:
        password = _password()
        require_good_password("password", password, name)
        await people.add_user(
            name,
            display_name,
            Role(role),
            hashed_now(password),
            author,
            must_change_password=False,
        )

    _run(add)
    click.echo(f"added {name} as {role}")


@user.command("list")
def list_users() -> None:
    """List users by name."""

    async def read(people: "PeopleService", _author: "Author") -> list[Sequence[str]]:
        rows: list[Sequence[str]] = []
        total, page = 1, 0
        while len(rows) < total:
            page += 1
            found, total = await people.users(page, _PAGE)
            rows += [(each.name, each.role, each.status, each.display_name) for each in found]
            if not found:
                break
        return rows

    rows = _run(read)
    for row in [("NAME", "ROLE", "STATUS", "SHOWN AS"), *rows]:
        click.echo("{:<24} {:<11} {:<9} {}".format(*row))


@user.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let him in again.")
def disable(name: str, *, undo: bool) -> None:
    """Disable a user; all his sessions end at once."""
    from gateway.services.people import UserChange

    async def change(people: "PeopleService", author: "Author") -> None:
        found = await people.user_named(name)
        await people.change_user(found.user_id, UserChange(disabled=not undo), author)

    _run(change)
    click.echo(f"{name} is {'active' if undo else 'disabled'}")


@user.command()
@click.argument("name")
def password(name: str) -> None:
    """Give a user a new password, which he has to change at his next login."""
    from gateway.services.passwords import hashed_now
    from gateway.services.people import UserChange, require_good_password

    async def change(people: "PeopleService", author: "Author") -> None:
        found = await people.user_named(name)
        chosen = _password()
        require_good_password("password", chosen, name)
        change = UserChange(password_hash=hashed_now(chosen))
        await people.change_user(found.user_id, change, author)

    _run(change)
    click.echo(f"{name} has a new password")


@user.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
)
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True)
def token(name: str, scopes: tuple[str, ...], days: int) -> None:
    """Add a service token for a program and print it, this once."""

    async def add(people: "PeopleService", author: "Author") -> str:
        wanted = frozenset(Scope(scope) for scope in scopes)
        _, text = await people.add_token(name, wanted, days, author)
        return text

    click.echo(_run(add))


def _password() -> str:
    """Return what is typed twice, or the first line of standard input where nobody types."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _run(work: "Callable[[PeopleService, Author], Awaitable[T]]") -> T:
    """Return what some work on the configured database gives; end with its error otherwise."""
    # Imported late: help needs none of it.
    import os

    from gateway.clock import utc_now
    from gateway.config import load_config
    from gateway.db.engine import Database
    from gateway.db.migrate import migrate
    from gateway.db.watch import DatabaseLimits
    from gateway.errors import GatewayError
    from gateway.services.people import Author, PeopleService
    from gateway.topics.shared import new_id

    async def use(url: str) -> T:
        database = Database(url, DatabaseLimits(pool_size=1))
        try:
            return await work(PeopleService(database, utc_now, new_id), Author("command line", ""))
        finally:
            await database.close()

    try:
        config = load_config(os.environ)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(config.database_url)
        return asyncio.run(use(config.database_url))
    except GatewayError as error:
        click.secho(error.message, fg="red", err=True)
        sys.exit(1)
