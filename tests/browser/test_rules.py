"""Rules in the console: checked, tried, put into use after a question, and seen by all."""

from typing import Any

import httpx
from playwright.async_api import Dialog, Page, expect

from tests.browser.conftest import Enter
from tests.browser.test_pages import severe_findings

TEXT = """[[rule]]
name = "big"
when = "amount > 1"
then = "review"
mode = "live"
"""
COUNTED = "Rules and lists in all files: 1, live: 1."
FAULTY = TEXT.replace("amount", "amout")


async def have(client: httpx.AsyncClient, text: str = TEXT) -> None:
    tag = (await client.get("/api/rules")).headers["etag"]
    body = {"file": "rules.toml", "text": text}
    answer = await client.put("/api/rules", json=body, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def text_of(client: httpx.AsyncClient) -> str:
    text: str = (await client.get("/api/rules")).json()["data"]["text"]
    return text


def answering(page: Page, *, accept: bool) -> list[str]:
    """Answer the next question; return where it will be written down."""
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if accept else dialog.dismiss())

    page.once("dialog", answer)
    return asked


async def test_supervisor_checks_tries_and_activates_a_rule(
    console: httpx.AsyncClient, enter: Enter
) -> None:
    watched = await enter("sara")
    page = await watched.open("/rules")
    await expect(page.get_by_text("No rules are in use")).to_be_visible()
    area = page.get_by_label("Text of the rules")
    await area.fill(FAULTY)
    await expect(page.locator("#lines > *")).to_have_count(6)
    await area.press("Control+Enter")
    fault = page.locator("#faults button")
    await expect(fault).to_contain_text("rules.toml:3:9: when: unknown name amout")
    await expect(page.locator("#lines mark")).to_have_text("3\n")
    await fault.press("Enter")
    await expect(area).to_be_focused()
    chosen = "area => area.value.slice(area.selectionStart, area.selectionEnd)"
    assert await area.evaluate(chosen) == 'amout > 1"'
    await page.get_by_role("button", name="Put into use").click()
    await expect(fault).to_be_visible()
    assert await text_of(console) == ""

    await area.fill(TEXT)
    await expect(page.locator("#lines mark")).to_have_count(0)
    await page.get_by_role("button", name="Backtest").click()
    await expect(page.locator("#totals")).to_have_text(
        "400 transactions, 4 known frauds; 5 alerts without rules, 10 with the live ones."
    )
    row = page.locator("#backtested tbody tr")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("66.7 %")
    await expect(row).to_contain_text("not known")
    assert not await severe_findings(page)
    await expect(page.locator("#faults")).to_be_hidden()

    refused = answering(page, accept=False)
    await page.get_by_role("button", name="Put into use").click()
    await expect(page.locator("#said")).to_have_text(f"No fault. {COUNTED}")
    assert refused == [f"Put rules.toml into use, from the next transaction on? {COUNTED}"]
    assert await text_of(console) == ""
    answering(page, accept=True)
    await page.get_by_role("button", name="Put into use").click()
    await expect(page.locator("#in-use tbody tr")).to_contain_text("big")
    assert await text_of(console) == TEXT
    events = (await console.get("/api/access-events")).json()["data"]
    changes = [each for each in events if each["action"] == "RULES_CHANGED"]
    assert [(each["actor"], each["subject"]) for each in changes] == [("sara", "rules.toml")]
    await watched.check()


async def test_rule_goes_into_the_shadow_after_a_question(
    console: httpx.AsyncClient, enter: Enter
) -> None:
    await have(console, '[[list]]\nmode = "live"\nname = "other"\n\n' + TEXT)
    watched = await enter("sara")
    page = await watched.open("/rules")
    row = page.locator("#in-use tr", has_text="big")
    asked = answering(page, accept=True)
    async with page.expect_navigation():
        await row.get_by_role("button", name="Shadow").click()
    assert asked == ["Put big into the shadow? It is then only counted."]
    shadowed = TEXT.replace('"live"', '"shadow"')
    # The other one's mode stays.
    assert await text_of(console) == '[[list]]\nmode = "live"\nname = "other"\n\n' + shadowed
    await watched.check()


async def test_stale_change_is_refused_kindly_and_keeps_the_text(
    console: httpx.AsyncClient, enter: Enter
) -> None:
    watched = await enter("sara")
    page = await watched.open("/rules")
    area = page.get_by_label("Text of the rules")
    await area.fill(TEXT + "# mine\n")
    await have(console, TEXT + "# theirs\n")
    answering(page, accept=True)
    await page.get_by_role("button", name="Put into use").click()
    await expect(page.get_by_text("Somebody changed the rules since")).to_be_visible()
    await expect(area).to_have_value(TEXT + "# mine\n")
    assert await text_of(console) == TEXT + "# theirs\n"


async def test_analyst_sees_rules_and_cannot_change_them(
    console: httpx.AsyncClient, enter: Enter
) -> None:
    await have(console)
    watched = await enter("anna")
    page = await watched.open("/rules")
    await expect(page.locator("#in-use tbody tr")).to_contain_text("big")
    await expect(page.get_by_label("Text of the rules")).to_have_attribute("readonly", "")
    await expect(page.locator("main button")).to_have_count(0)
    await expect(page.get_by_text("supervisors and administrators change them")).to_be_visible()
    await watched.check()
    missing: Any = await page.goto("/rules?file=other.toml")
    assert missing.status == 404
    await expect(page.locator("h1")).to_have_text("There is nothing here")
