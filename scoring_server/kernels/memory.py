"""Unaligned words in byte arrays, and copies, as Numba intrinsics.

A byte loop that reads or writes a word costs several times as much. With NUMBA_DISABLE_JIT=1
plain Python stands in.
"""

import ctypes
import struct

import numba
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

if numba.config.DISABLE_JIT:

    def load_word(address):
        """Stand-in of the compiled operation."""
        return np.uint64(int.from_bytes(ctypes.string_at(int(address), 8), "little"))

    def load_float(address):
        """Stand-in of the compiled operation."""
        return np.float64(struct.unpack("<d", ctypes.string_at(int(address), 8))[0])

    def store_float(address, value):
        """Stand-in of the compiled operation."""
        ctypes.memmove(int(address), struct.pack("<d", value), 8)

    def float_bits(value):
        """Stand-in of the compiled operation."""
        return np.uint64(struct.unpack("<Q", struct.pack("<d", value))[0])

    def copy_memory(target, source, size):
        """Stand-in of the compiled operation."""
        ctypes.memmove(int(target), int(source), int(size))

else:

    def _pointer(builder, address, kind):
        return builder.inttoptr(address, kind.as_pointer())

    @intrinsic
    def load_word(_context, _address):
        """Return the 64-bit word at `address`, wherever it lies."""

        def generate(_target, builder, _signature, arguments):
            return builder.load(_pointer(builder, arguments[0], ir.IntType(64)), align=1)

        return types.uint64(types.uintp), generate

    @intrinsic
    def load_float(_context, _address):
        """Return the double at `address`, wherever it lies."""

        def generate(_target, builder, _signature, arguments):
            return builder.load(_pointer(builder, arguments[0], ir.DoubleType()), align=1)

        return types.float64(types.uintp), generate

    @intrinsic
    def store_float(_context, _address, _value):
        """Write a double at `address`, wherever it lies."""

        def generate(target, builder, _signature, arguments):
            pointer = _pointer(builder, arguments[0], ir.DoubleType())
            builder.store(arguments[1], pointer, align=1)
            return target.get_dummy_value()

        return types.void(types.uintp, types.float64), generate

    @intrinsic
    def float_bits(_context, _value):
        """Return the bits of a double."""

        def generate(_target, builder, _signature, arguments):
            return builder.bitcast(arguments[0], ir.IntType(64))

        return types.uint64(types.float64), generate

    @intrinsic
    def copy_memory(_context, _target_address, _source_address, _size):
        """Copy `size` bytes between places that may overlap."""

        def generate(target, builder, _signature, arguments):
            byte = ir.IntType(8).as_pointer()
            shape = ir.FunctionType(ir.VoidType(), [byte, byte, ir.IntType(64), ir.IntType(1)])
            move = builder.module.declare_intrinsic(
                "llvm.memmove", [byte, byte, ir.IntType(64)], shape
            )
            to, source = (builder.inttoptr(argument, byte) for argument in arguments[:2])
            builder.call(move, [to, source, arguments[2], ir.Constant(ir.IntType(1), 0)])
            return target.get_dummy_value()

        return types.void(types.uintp, types.uintp, types.int64), generate


@njit(nogil=True, cache=True)
def address_of(data, position):
    """Return the address of a place in a byte array."""
    return np.uintp(data.ctypes.data) + np.uintp(position)
