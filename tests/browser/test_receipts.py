"""From an alert to what would have been enough, and to the receipt of its decision."""

import httpx
from playwright.async_api import expect

from tests.browser.conftest import Enter
from tests.support.alerts import raise_alert


async def test_alert_says_what_would_have_been_enough_and_leads_to_its_receipt(
    console: httpx.AsyncClient, enter: Enter
) -> None:
    alert_id = await raise_alert(console, "tx-1")
    watched = await enter("vera")
    page = await watched.open(f"/investigations/{alert_id}")
    told = page.locator("#explanation")
    await expect(told).to_contain_text("would have been approved at 120.00 or less")
    await expect(told).to_contain_text("The amount is far above what is usual")
    await page.get_by_role("link", name="Receipt").click()
    await expect(page.get_by_role("heading", name="Receipt of tx-1")).to_be_visible()
    await expect(page.get_by_text("comes out the same")).to_be_visible()
    await expect(page.locator("#features")).to_contain_text("account count 1h")
    await watched.check()
