"""`anomaly user`: the first admin comes from the command line."""

from pathlib import Path

import pytest

from gateway.db.engine import Database
from tests.support.gateway_process import run, serving
from tests.support.people import PASSWORD, SECRET, bearer, log_in

NEW_PASSWORD = "another fine sentence"


@pytest.fixture
def environ(database_url: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url.replace("+aiosqlite", "")}


async def test_first_admin_is_made_before_the_gateway_runs(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    made = run(
        data_dir, "user", "create", "--name", "root", "--role", "admin", stdin=f"{PASSWORD}\n"
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert PASSWORD not in made.stdout
    async with serving(tmp_path, REQUIRE_LOGIN="true", SECRET_KEY=SECRET) as client:
        login = await log_in(client, "root")
        assert login["user"]["must_change_password"] is False
        assert (await client.get("/api/users", headers=bearer(login))).status_code == 200
        # What the command does while the gateway runs holds at once.
        for name in ("other", "root"):
            run(data_dir, "user", "create", "--name", name, "--role", "admin", stdin=PASSWORD)
        assert run(data_dir, "user", "disable", "root").returncode == 0
        assert (await client.get("/api/users", headers=bearer(login))).status_code == 401
        token = run(data_dir, "user", "token", "bank", "--scope", "read").stdout.strip()
        assert (await client.get("/api/alerts", headers=bearer(token))).status_code == 200
        assert (await client.get("/api/users", headers=bearer(token))).status_code == 403


async def test_users_are_listed_disabled_and_given_passwords(
    environ: dict[str, str], database: Database, tmp_path: Path
) -> None:
    def user(*arguments: str, stdin: str = "") -> tuple[int, str]:
        ended = run(tmp_path / "data", "user", *arguments, stdin=stdin, **environ)
        return ended.returncode, ended.stdout + ended.stderr

    for name, role in (("root", "admin"), ("anna", "analyst")):
        code, _ = user("create", "--name", name, "--role", role, stdin=PASSWORD)
        assert code == 0
    assert user("disable", "root") == (
        1,
        "the last active admin cannot be removed, disabled or given another role\n",
    )
    assert user("disable", "anna")[0] == 0
    listed = [line.split() for line in user("list")[1].splitlines()[1:]]
    assert listed == [
        ["anna", "analyst", "DISABLED", "anna"],
        ["root", "admin", "ACTIVE", "root"],
    ]
    assert user("disable", "anna", "--undo")[0] == 0
    assert user("password", "anna", stdin=NEW_PASSWORD)[0] == 0
    async with database.read() as unit:
        anna = await unit.people.user_named("anna")
        events = await unit.people.access_events(None, 10)
    assert anna is not None
    assert (anna.must_change_password, anna.version) == (True, 4)
    assert {event.actor for event in events} == {"command line"}


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("create", "--name", "anna", "--role", "admin"), "short\n", "12..128"),
        (("create", "--name", "anna", "--role", "admin"), "", "12..128"),
        (("create", "--name", "Anna B", "--role", "admin"), PASSWORD, "name must match"),
        (("create", "--name", "anna", "--role", "god"), PASSWORD, "'god'"),
        (("token", "t1"), "", "--scope"),
        (("disable", "nobody"), "", "no such user"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, arguments: tuple[str, ...], stdin: str, message: str
) -> None:
    ended = run(tmp_path, "user", *arguments, stdin=stdin)
    assert ended.returncode in {1, 2}
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
