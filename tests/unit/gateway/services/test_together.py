"""Those who ask the same at the same time share an answer that is never older than the question."""

import asyncio

import pytest

from gateway.services.together import Together


async def test_those_who_ask_meanwhile_share_the_next_answer() -> None:
    together = Together()
    begun: list[int] = []
    started, gate = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        begun.append(len(begun))
        started.set()
        number = begun[-1]
        await gate.wait()
        return number

    first = asyncio.create_task(together.answer("q", work))
    await started.wait()
    later = [asyncio.create_task(together.answer("q", work)) for _ in range(10)]
    other = asyncio.create_task(together.answer("another", work))
    await asyncio.sleep(0)
    gate.set()
    assert await first == 0
    assert await other == 1
    # Begun after they asked, and once for all of them.
    assert set(await asyncio.gather(*later)) == {2}
    assert len(begun) == 3
    assert together._rounds == {}


async def test_an_error_is_everybodys_and_is_not_kept() -> None:
    together = Together()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError

    async def work() -> int:
        return 1

    asked = [together.answer("q", fail) for _ in range(3)]
    got = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in got] == [LookupError] * 3
    assert await together.answer("q", work) == 1


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    together = Together()
    gate = asyncio.Event()

    async def work() -> int:
        await gate.wait()
        return 1

    leaver = asyncio.create_task(together.answer("q", work))
    stayer = asyncio.create_task(together.answer("q", work))
    await asyncio.sleep(0)
    leaver.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaver
    gate.set()
    assert await stayer == 1
