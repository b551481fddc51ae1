import os

from gateway.services.lease import holder_name, is_gone


def test_living_process_is_not_gone() -> None:
    name = holder_name()
    assert not is_gone(name, holder_name())
    assert len(name) <= 64
    assert name != holder_name()


def test_dead_process_of_this_machine_is_gone() -> None:
    host = holder_name().partition(":")[0]
    dead = 2**22 + 1  # above the highest process id of Linux
    assert is_gone(f"{host}:{dead}:x", holder_name())
    assert not is_gone(f"other:{dead}:x", holder_name())
    assert not is_gone("nonsense", holder_name())
    assert not is_gone(f"{host}:{os.getpid()}:x", holder_name())
