"""The garbage collector of a process that serves: little to find, and no time to look for it."""

import gc

# New containers before a collection, and collections before the next older generation. Chosen by
# us: calls leave no cycles behind, so there is little to find.
_COLLECTOR_THRESHOLDS = (20_000, 20, 50)


def spare_long_lived() -> None:
    """Keep the garbage collector from what lives as long as the process.

    A full collection goes through all of it, and every call would wait for that meanwhile.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
