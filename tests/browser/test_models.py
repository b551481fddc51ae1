"""Changing models in the console, as an administrator with a browser."""

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Page, expect

Enter = Callable[..., Awaitable[Any]]


async def test_administrator_promotes_and_rolls_back_after_a_question(enter: Enter) -> None:
    watched = await enter("root")
    page: Page = await watched.open("/models")
    await expect(page.locator("#slots tbody tr")).to_have_count(2)
    questions = []

    async def decline(dialog: Any) -> None:
        questions.append(dialog.message)
        await dialog.dismiss()

    async def accept(dialog: Any) -> None:
        questions.append(dialog.message)
        await dialog.accept()

    promote = page.locator("#versions tr", has_text="default/2.0.0").get_by_role(
        "button", name="Promote"
    )
    page.once("dialog", decline)
    await promote.click()
    await expect(page.locator("#slots tbody tr")).to_have_count(2)
    page.once("dialog", accept)
    await promote.click()
    await expect(page.locator("#slots tbody tr").first).to_contain_text("default/2.0.0")
    page.once("dialog", accept)
    await page.get_by_role("button", name="Roll back").click()
    await expect(page.locator("#slots tbody tr").first).to_contain_text("default/1.0.0")
    assert questions[0].startswith("Make default/2.0.0 the champion?")
    assert questions[2] == "Go back to the previous champion?"
    await watched.check()


async def test_refusal_of_the_gate_is_shown(enter: Enter) -> None:
    watched = await enter("root")
    page: Page = await watched.open("/models")
    page.once("dialog", lambda dialog: dialog.accept())
    row = page.locator("#versions tr", has_text="default/3.0.0")
    await expect(row).to_contain_text("refused: 3.0.0 is slow")
    await row.get_by_role("button", name="Promote").click()
    await expect(page.get_by_text("3.0.0 is slow; make it smaller").last).to_be_visible()
    await expect(page.locator("#slots tbody tr")).to_have_count(2)


async def test_analyst_sees_models_without_buttons(enter: Enter) -> None:
    watched = await enter("anna")
    page: Page = await watched.open("/models")
    await expect(page.locator("#slots tbody tr")).to_have_count(2)
    await expect(page.locator("main button")).to_have_count(0)
