"""An alert from its arrival to its end, worked in the console by two people at once."""

import httpx
from playwright.async_api import Route, expect

from tests.browser.conftest import Enter
from tests.support.alerts import raise_alert

UNDO_MS = 7_000


async def test_alert_arrives_live_is_claimed_decided_and_late_decision_is_refused(
    console: httpx.AsyncClient, enter: Enter
) -> None:
    anna, ben = await enter("anna"), await enter("ben")
    await raise_alert(console, "tx-0", source_account="account-9", entity_id="account-9")
    dashboard = (await enter("sara")).page
    await expect(dashboard.locator("#kpi-active")).to_have_text("1")

    queue = await anna.open("/queue")
    await expect(queue.locator("#connection")).to_have_attribute("data-state", "open")
    await expect(queue.locator("tr[data-alert]")).to_have_count(1)
    alert_id = await raise_alert(console, "tx-1", amount=99.0)
    # It is announced; the rows stay until one asks.
    await expect(queue.locator("#arrivals")).to_contain_text("1 new")
    await expect(queue.locator("tr[data-alert]")).to_have_count(1)
    await queue.locator("#arrivals").click()
    await expect(queue.locator("tr[data-alert]")).to_have_count(2)
    await expect(dashboard.locator("#kpi-active")).to_have_text("2")

    await queue.keyboard.press("j")
    row = queue.locator(f'tr[data-alert="{alert_id}"]')
    await expect(row).to_have_attribute("aria-selected", "true")
    await queue.keyboard.press("c")
    await expect(row.locator(".with")).to_have_text("anna")
    await row.get_by_role("link").click()
    await expect(queue.get_by_role("heading", name="Why it was flagged")).to_be_visible()
    await expect(queue.get_by_text("Linked entities")).to_be_visible()

    late = await ben.open(f"/investigations/{alert_id}")
    await late.get_by_label("Reason").fill("known customer")
    await queue.get_by_label("Note").fill("called the customer")
    await queue.get_by_role("button", name="Add note").click()
    await expect(queue.locator("#notes")).to_contain_text("called the customer")

    await queue.clock.install()
    await queue.reload()
    await queue.get_by_label("Reason").fill("stolen card")
    await queue.get_by_role("button", name="Fraud").click()
    await expect(queue.locator("#pending")).to_contain_text("Will be decided as fraud")
    await queue.get_by_role("button", name="Undo").click()
    await queue.clock.run_for(UNDO_MS)
    assert (await console.get(f"/api/alerts/{alert_id}")).json()["data"]["outcome"] is None
    await queue.get_by_role("button", name="Fraud").click()
    await queue.clock.run_for(UNDO_MS)
    await expect(queue.locator("#decide")).to_contain_text("as fraud")
    await expect(queue.locator("#history")).to_contain_text("stolen card")
    await expect(dashboard.locator("#kpi-active")).to_have_text("1")

    # His page was told; he decides all the same.
    await expect(late.locator("#stale")).to_contain_text("anna")
    await late.clock.install()
    await late.get_by_role("button", name="Legitimate").click()
    await late.clock.run_for(UNDO_MS)
    await expect(late.locator("#stale")).to_contain_text("anna was faster")
    await expect(late.locator("#stale")).to_contain_text("Nothing of yours was changed or lost")
    await expect(late.get_by_label("Reason")).to_have_value("known customer")
    kept = (await console.get(f"/api/alerts/{alert_id}")).json()["data"]
    assert (kept["status"], kept["outcome"]) == ("RESOLVED", "FRAUD")
    for watched in (anna, ben):
        await watched.check()


async def test_bulk_claim_and_search(console: httpx.AsyncClient, enter: Enter) -> None:
    for number in range(3):
        account = f"account-{10 + number}"
        await raise_alert(console, f"tx-{number}", source_account=account, entity_id=account)
    anna = await enter("anna")
    page = await anna.open("/queue")
    await page.get_by_label("Search").fill("account-11")
    await expect(page.locator("tr[data-alert]")).to_have_count(1)
    await page.get_by_label("Search").fill("")
    await expect(page.locator("tr[data-alert]")).to_have_count(3)
    await page.get_by_label("Select all").check()
    await expect(page.locator("#selected")).to_have_text("3 selected")
    await page.get_by_role("button", name="Claim", exact=True).click()
    await expect(page.locator("#messages")).to_contain_text("3 changed")
    await expect(page.locator("td.with", has_text="anna")).to_have_count(3)
    await anna.check()


async def test_scanner_shows_transactions_as_they_come(
    console: httpx.AsyncClient, enter: Enter
) -> None:
    anna = await enter("anna")
    page = await anna.open("/scanner")
    await expect(page.locator("#connection")).to_have_attribute("data-state", "open")
    await expect(page.locator("body")).to_have_attribute("data-scanning", "true")
    await raise_alert(console, "tx-1")
    await expect(page.locator("#scans tr").first).to_contain_text("account-1")
    await anna.check()


async def test_refused_stream_is_opened_again(console: httpx.AsyncClient, enter: Enter) -> None:
    anna = await enter("anna")
    refused = 0

    async def refuse_once(route: Route) -> None:
        nonlocal refused
        refused += 1
        if refused == 1:
            await route.fulfill(status=503)
        else:
            await route.continue_()

    await anna.page.route("**/api/live/alerts", refuse_once)
    page = await anna.open("/queue")
    await expect(page.locator("#connection")).to_have_text("reconnecting")
    await expect(page.locator("#connection")).to_have_text("live", timeout=20_000)
    await raise_alert(console, "tx-1")
    await expect(page.locator("#arrivals")).to_contain_text("1 new")
