"""Atomic operations on memory that several processes share, as Numba intrinsics.

A record's lock is one 64-bit word: 0 when free, else a word that names the holder (its place among
the workers, its process id and when that process started, see state/dead_worker.py), so that a
lock left by a dead worker is recognised even when its process id is in use again. Inline assembly
is no way here (Numba ships no assembly parser); LLVM's own atomic instructions are. With
NUMBA_DISABLE_JIT=1 plain reads and writes stand in: that mode is for tests in one thread.
"""

import ctypes
import platform

import numba
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_WORD = ir.IntType(64)
_HAS_PAUSE = platform.machine() in {"x86_64", "AMD64"}

if numba.config.DISABLE_JIT:

    def _word(address):
        return ctypes.c_uint64.from_address(int(address))

    def compare_and_swap(address, expected, desired):
        """Stand-in of the compiled operation for one thread."""
        word = _word(address)
        found = np.uint64(word.value)
        if found == expected:
            word.value = int(desired)
        return found

    def fetch_add(address, amount):
        """Stand-in of the compiled operation for one thread."""
        word = _word(address)
        found = np.uint64(word.value)
        word.value = int(found) + int(amount)
        return found

    def store_release(address, value):
        """Stand-in of the compiled operation for one thread."""
        _word(address).value = int(value)

    def pause():
        """Stand-in of the compiled operation: nothing to wait for."""

    def zero_memory(address, size):
        """Stand-in of the compiled operation for one thread."""
        ctypes.memset(int(address), 0, int(size))

else:

    @intrinsic
    def compare_and_swap(_context, _address, _expected, _desired):
        """Write `desired` at `address` if it holds `expected`; return what it held."""

        def generate(_target, builder, _signature, arguments):
            pointer = builder.inttoptr(arguments[0], _WORD.as_pointer())
            pair = builder.cmpxchg(pointer, arguments[1], arguments[2], "acq_rel", "acquire")
            return builder.extract_value(pair, 0)

        return types.uint64(types.uintp, types.uint64, types.uint64), generate

    @intrinsic
    def fetch_add(_context, _address, _amount):
        """Add `amount` to the word at `address`; return what it held before."""

        def generate(_target, builder, _signature, arguments):
            pointer = builder.inttoptr(arguments[0], _WORD.as_pointer())
            return builder.atomic_rmw("add", pointer, arguments[1], "acq_rel")

        return types.uint64(types.uintp, types.uint64), generate

    @intrinsic
    def store_release(_context, _address, _value):
        """Write `value` at `address` after everything written before."""

        def generate(target, builder, _signature, arguments):
            pointer = builder.inttoptr(arguments[0], _WORD.as_pointer())
            builder.store_atomic(arguments[1], pointer, "release", 8)
            return target.get_dummy_value()

        return types.void(types.uintp, types.uint64), generate

    @intrinsic
    def pause(_context):
        """Tell the processor that this is a spin loop; nothing where there is no such hint."""

        def generate(target, builder, _signature, _arguments):
            if _HAS_PAUSE:
                void = ir.FunctionType(ir.VoidType(), [])
                hint = builder.module.declare_intrinsic("llvm.x86.sse2.pause", [], void)
                builder.call(hint, [])
            return target.get_dummy_value()

        return types.void(), generate

    @intrinsic
    def zero_memory(_context, _address, _size):
        """Write `size` zero bytes at `address`."""

        def generate(target, builder, _signature, arguments):
            byte = ir.IntType(8)
            pointer = builder.inttoptr(arguments[0], byte.as_pointer())
            shape = ir.FunctionType(
                ir.VoidType(), [byte.as_pointer(), byte, ir.IntType(64), ir.IntType(1)]
            )
            fill = builder.module.declare_intrinsic(
                "llvm.memset", [byte.as_pointer(), ir.IntType(64)], shape
            )
            builder.call(
                fill, [pointer, ir.Constant(byte, 0), arguments[1], ir.Constant(ir.IntType(1), 0)]
            )
            return target.get_dummy_value()

        return types.void(types.uintp, types.int64), generate


@njit(nogil=True, cache=True)
def acquire(address, owner):
    """Take the lock word at `address` for `owner`, not 0; spins until it is free."""
    while compare_and_swap(address, np.uint64(0), owner) != np.uint64(0):
        pause()


@njit(nogil=True, cache=True)
def release(address):
    """Free the lock word at `address`; the caller holds it."""
    store_release(address, np.uint64(0))
