import asyncio

from gateway.services.transaction_feed import Watcher
from tests.support.alert_values import transaction


async def taken(watcher: Watcher, number: int) -> list[str]:
    found: list[str] = []
    async for waiting in watcher.transactions():
        found.extend(each.transaction_id for each in waiting)
        if len(found) >= number:
            break
    return found


async def test_watcher_who_does_not_keep_up_loses_the_oldest() -> None:
    watcher = Watcher(0)
    for number in range(250):
        watcher.offer(transaction(f"tx-{number}"))
    assert await taken(watcher, 100) == [f"tx-{number}" for number in range(150, 250)]


async def test_watcher_gets_what_is_grave_enough_and_waits_for_it() -> None:
    watcher = Watcher(84.5)
    assert watcher.band == 80
    waiting = asyncio.create_task(taken(watcher, 2))
    await asyncio.sleep(0)
    for number, risk in enumerate((84.4, 84.5, 99.0)):
        watcher.offer(transaction(f"tx-{number}", risk_score=risk))
    assert await waiting == ["tx-1", "tx-2"]
    assert Watcher(100).band == 100
