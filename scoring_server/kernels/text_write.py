"""Writes numbers as text, equal to Python's own formatting to the last digit.

What cannot be written so (a negative, huge or not finite number, which no reason has) is refused,
and the caller writes it in Python.
"""

import math

import numpy as np
from numba import njit

# Below this a number times one hundred is still exact to well below one half.
NUMBER_END = 1e13
_SPLITTER = 134_217_729.0  # 2^27 + 1


@njit(nogil=True, cache=True)
def write_integer(out, position, value, grouped):
    """Write a number from 0 on in decimal digits; return the next position.

    Args:
        out: uint8 array with room.
        position: where to begin.
        value: int64, not negative.
        grouped: whether commas stand between groups of three digits.
    """
    count = 1
    rest = value // 10
    while rest > 0:
        count += 1
        rest //= 10
    size = count + (count - 1) // 3 if grouped else count
    place = position + size
    rest = value
    for digit in range(count):
        if grouped and digit > 0 and digit % 3 == 0:
            place -= 1
            out[place] = 44
        place -= 1
        out[place] = np.uint8(48 + rest % 10)
        rest //= 10
    return position + size


@njit(nogil=True, cache=True)
def _product_error(a, b, product):
    """Return a * b - product, exactly. Source: T. J. Dekker, Numerische Mathematik 18, 1971."""
    c = _SPLITTER * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = _SPLITTER * b
    b_high = c - (c - b)
    b_low = b - b_high
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


@njit(nogil=True, cache=True)
def rounded(value, scale):
    """Return value * scale as the nearest integer, a tie going to the even one.

    The exact product is rounded, as Python's formatting does, not the product as a double.
    """
    product = value * scale
    whole = math.floor(product)
    if product - whole != 0.5:
        return np.int64(np.rint(product))
    # Only here can the rounding of the product hide on which side of the tie it lies.
    error = _product_error(value, scale, product)
    if error > 0.0:
        return np.int64(whole) + 1
    if error < 0.0:
        return np.int64(whole)
    return np.int64(whole) + np.int64(whole) % 2


@njit(nogil=True, cache=True)
def write_decimal(out, position, value, decimals, grouped):
    """Write a number with 0 to 2 decimals; return the next position, -1 when it is refused.

    Equal to f"{value:.{decimals}f}", with a comma before the point when `grouped`.
    """
    if not 0.0 <= value < NUMBER_END or (value == 0.0 and math.copysign(1.0, value) < 0.0):
        return np.int64(-1)
    scale = 1 if decimals == 0 else (10 if decimals == 1 else 100)
    scaled = rounded(value, np.float64(scale))
    position = write_integer(out, position, scaled // scale, grouped)
    if decimals == 0:
        return np.int64(position)
    out[position] = 46
    rest = scaled % scale
    if decimals == 2:
        out[position + 1] = np.uint8(48 + rest // 10)
    out[position + decimals] = np.uint8(48 + rest % 10)
    return np.int64(position + 1 + decimals)


@njit(nogil=True, cache=True)
def write_clock(out, position, hour):
    """Write an hour from 0 to below 24 as HH:MM; return the next position, -1 when refused."""
    if not 0.0 <= hour < 24.0:
        return np.int64(-1)
    whole = math.floor(hour)
    minute = np.int64((hour - whole) * 60.0)
    out[position] = np.uint8(48 + np.int64(whole) // 10)
    out[position + 1] = np.uint8(48 + np.int64(whole) % 10)
    out[position + 2] = 58
    out[position + 3] = np.uint8(48 + minute // 10)
    out[position + 4] = np.uint8(48 + minute % 10)
    return np.int64(position + 5)
