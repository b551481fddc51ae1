"""Equal questions share a read, and none is answered with one that began before it was asked."""

import asyncio
from random import Random

import pytest

from gateway.services.shared_reads import SharedReads


class Stored:
    """A number that takes a while to read; the value is taken when the read begins."""

    def __init__(self) -> None:
        self.value = 0
        self.reads = 0
        self.gate = asyncio.Event()

    async def read(self, _key: str) -> int:
        self.reads += 1
        found = self.value
        await self.gate.wait()
        return found


async def asked(shared: SharedReads[str, int], number: int, key: str = "list") -> list:
    tasks = [asyncio.create_task(shared.get(key)) for _ in range(number)]
    await asyncio.sleep(0)
    return tasks


async def test_those_who_come_while_a_read_runs_share_the_next() -> None:
    stored = Stored()
    shared = SharedReads(stored.read)
    first = await asked(shared, 1)
    stored.value = 1
    others = await asked(shared, 10)
    assert stored.reads == 1
    stored.gate.set()
    assert await asyncio.gather(*first) == [0]
    assert await asyncio.gather(*others) == [1] * 10
    assert stored.reads == 2


async def test_other_questions_do_not_wait() -> None:
    stored = Stored()
    shared = SharedReads(stored.read)
    tasks = await asked(shared, 1) + await asked(shared, 1, "another")
    assert stored.reads == 2
    stored.gate.set()
    await asyncio.gather(*tasks)


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    stored = Stored()
    shared = SharedReads(stored.read)
    first, *others = await asked(shared, 4)
    first.cancel()
    others[0].cancel()
    await asyncio.sleep(0)
    stored.gate.set()
    assert await asyncio.gather(*others[1:]) == [0, 0]
    assert others[0].cancelled()
    assert shared._running == {}
    assert shared._next == {}


async def test_error_reaches_all_and_is_gone_with_the_next_read() -> None:
    faults = [OSError("away"), OSError("away")]

    async def read(_key: str) -> int:
        await asyncio.sleep(0)
        if faults:
            raise faults.pop()
        return 7

    shared = SharedReads(read)
    tasks = await asked(shared, 3)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3
    assert await shared.get("list") == 7


@pytest.mark.parametrize("seed", range(20))
async def test_nobody_reads_older_than_his_own_write(seed: int) -> None:
    generator = Random(seed)
    written = 0

    async def read(_key: str) -> int:
        for _ in range(generator.randrange(3)):
            await asyncio.sleep(0)
        found = written
        for _ in range(generator.randrange(3)):
            await asyncio.sleep(0)
        return found

    shared = SharedReads(read)

    async def client() -> None:
        nonlocal written
        for _ in range(20):
            written += 1
            mine = written
            assert await shared.get("list") >= mine
            for _ in range(generator.randrange(4)):
                await asyncio.sleep(0)

    await asyncio.gather(*(client() for _ in range(5)))
