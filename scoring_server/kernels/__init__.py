"""Numba kernels: arithmetic over arrays that the caller owns; they know NumPy and Numba only."""
