"""A gateway with logins, and Chromium to look at it with.

The browser is the one that CHROMIUM names, or the system's, or playwright's own. Without any of
them the tests fail: a console that nobody opened is not tested.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright

from gateway.db.engine import Database
from gateway.db.migrate import migrate
from gateway.db.watch import DatabaseLimits
from gateway.domain.permission import Role
from tests.support.gateway_process import serving
from tests.support.people import PASSWORD, SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer

NAMES = ("chromium", "chromium-browser", "google-chrome")
USERS = {
    "anna": Role.ANALYST,
    "ben": Role.ANALYST,
    "sara": Role.SUPERVISOR,
    "vera": Role.VIEWER,
    "root": Role.ADMIN,
}
_PATIENCE_MS = 20_000
# Keeps what the page's policy stopped, from before its first line.
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""


class Watched:
    """A page, and what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).hostname or "")

    async def open(self, path: str) -> Page:
        """Go to a page and wait until it settled."""
        await self.page.goto(path)
        await self.page.wait_for_load_state("load")
        return self.page

    async def check(self) -> None:
        """Fail if a script failed, the policy stopped something, or another host was asked."""
        assert not self.faults
        assert not await self.page.evaluate("window.violations")
        assert self.hosts == {"127.0.0.1"}


Enter = Callable[..., Awaitable[Watched]]


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run a gateway that asks for logins; yield a client that may do everything."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'gateway.sqlite'}"
    migrate(url)
    database = Database(url, DatabaseLimits(pool_size=1))
    for name, role in USERS.items():
        await add_user(database, name, role)
    await database.close()
    scoring = ScriptedScoringServer()
    await scoring.start()
    environ = {
        "DATABASE_URL": url.replace("+aiosqlite", ""),
        "SCORING_TARGET": scoring.target,
        "REQUIRE_LOGIN": "true",
        "SECRET_KEY": SECRET,
        "RATE_LIMIT_REQUESTS": "0",
    }
    try:
        async with serving(tmp_path, **environ) as client:
            client.headers.update(bearer(await log_in(client, "root")))
            yield client
    finally:
        await scoring.stop()


def chromium_path(bundled: str) -> str:
    """Return where Chromium is; `bundled` is where playwright would have put its own."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), bundled)
    if not Path(found).exists():
        pytest.fail("no Chromium: install the package chromium, or name one in CHROMIUM")
    return found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = chromium_path(playwright.chromium.executable_path)
        # Its own sandbox needs rights that containers and root do not have; the pages are ours.
        started = await playwright.chromium.launch(
            executable_path=found, chromium_sandbox=False, args=["--disable-dev-shm-usage"]
        )
        yield started
        await started.close()


@pytest.fixture
async def enter(browser: Browser, console: httpx.AsyncClient) -> AsyncIterator[Enter]:
    """Return a function that logs somebody in through the form and yields his page."""
    opened: list[BrowserContext] = []

    async def run(name: str, **options: object) -> Watched:
        context = await browser.new_context(base_url=str(console.base_url), **options)  # type: ignore[arg-type]
        context.set_default_timeout(_PATIENCE_MS)
        opened.append(context)
        await context.add_init_script(_WATCH)
        watched = Watched(await context.new_page())
        page = await watched.open("/")
        await page.get_by_label("Name").fill(name)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_text(name, exact=True).wait_for()
        return watched

    yield run
    for context in opened:
        await context.close()
