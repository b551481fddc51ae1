import threading

import pytest

from scoring_server.rpc.bounded_pool import BoundedPool


def test_pool_is_full_while_its_calls_run_or_wait():
    pool = BoundedPool("test", threads=1, calls_max=2)
    release = threading.Event()
    futures = [pool.submit(release.wait, 10)]
    assert not pool.is_full
    futures.append(pool.submit(release.wait, 10))
    assert pool.is_full
    assert pool.pending == 2
    release.set()
    for future in futures:
        future.result(10)
    pool.shutdown()
    assert pool.pending == 0


def test_call_that_fails_frees_its_place():
    pool = BoundedPool("test", threads=1, calls_max=1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0).result(10)
    pool.shutdown()
    assert not pool.is_full


def test_refused_submission_frees_its_place():
    pool = BoundedPool("test", threads=1, calls_max=1)
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(print)
    assert pool.pending == 0
