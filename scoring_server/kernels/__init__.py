"""Numba kernels: arithmetic over arrays that the caller owns; they know NumPy and Numba only.

Importing this package chooses Numba's cache folder. Numba keys a cached kernel by its own file
only, so an edit to a helper in another file would leave a stale kernel behind; a folder named by a
hash of all kernel sources cannot be stale.
"""

import hashlib
import os
from pathlib import Path

import numba


def cache_directory() -> Path:
    """Return the folder of this version's kernels, below ANOMALY_CACHE_DIR or the user's."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    # A kernel cached without bounds checks would be taken for one with them.
    if numba.config.BOUNDSCHECK:
        digest.update(b"boundscheck")
    root = os.environ.get("ANOMALY_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    base = Path(root) if root else Path.home() / ".cache"
    return base / "anomaly" / f"kernels-{digest.hexdigest()[:16]}"


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(cache_directory())
