"""Sliding windows over an entity's events: the last ones exactly, older ones in tiles.

An entity keeps its last RECENT_SIZE events one by one. What leaves that ring is added to a ring
of TILE_COUNT tiles for each window, a tile being an eighth of the window. A window's content is
then the ring's events inside it, exact, plus the older tiles inside it, the oldest tile counted
by the share that overlaps the window. So an entity with at most RECENT_SIZE events in a window
has an exact answer; for the others the error is at most the content of one tile. Windows are half
open: (now - length, now].

Source: tiling as in J. Li et al., "No pane, no gain", SIGMOD Record 34(1), 2005.
"""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import RECENT_SIZE, TILE_COUNT, WINDOW_COUNT, WINDOWS_S

_NS_PER_S = 1_000_000_000
WINDOWS_NS = tuple(int(window) * _NS_PER_S for window in WINDOWS_S)
TILES_NS = tuple(int(window) * _NS_PER_S // TILE_COUNT for window in WINDOWS_S)


@njit(nogil=True, cache=True)
def recent_count(entity):
    """Return how many events the ring holds, 0 to RECENT_SIZE."""
    return min(entity["event_count"], np.int64(RECENT_SIZE))


@njit(nogil=True, cache=True)
def windows_score(entity, now_ns, count_out, amount_out):
    """Write the number and total amount of events in each window ending at `now_ns`.

    Args:
        entity: ENTITY record; only read.
        now_ns: end of the windows, included; events later than it are left out.
        count_out: shape (WINDOW_COUNT,), overwritten.
        amount_out: shape (WINDOW_COUNT,), overwritten.

    Cost: O(RECENT_SIZE + WINDOW_COUNT * TILE_COUNT).
    """
    for window in range(WINDOW_COUNT):
        count = np.float64(0.0)
        amount = np.float64(0.0)
        start_ns = now_ns - WINDOWS_NS[window]
        for index in range(recent_count(entity)):
            time_ns = entity["recent_time_ns"][index]
            if start_ns < time_ns <= now_ns:
                count += 1.0
                amount += entity["recent_amount"][index]
        if entity["evicted_count"] > 0:
            width_ns = TILES_NS[window]
            head = entity["tile_head"][window]
            for back in range(TILE_COUNT):
                tile = head - back
                tile_start_ns = tile * width_ns
                tile_end_ns = tile_start_ns + width_ns
                if tile_end_ns <= start_ns or tile_start_ns > now_ns:
                    continue
                share = 1.0
                if tile_start_ns < start_ns:
                    share = np.float64(tile_end_ns - start_ns) / np.float64(width_ns)
                place = tile % TILE_COUNT
                count += share * entity["tile_count"][window][place]
                amount += share * entity["tile_amount"][window][place]
        count_out[window] = count
        amount_out[window] = amount


@njit(nogil=True, cache=True)
def _add_to_tiles(entity, time_ns, amount):
    first = entity["evicted_count"] == 0
    for window in range(WINDOW_COUNT):
        tile = time_ns // TILES_NS[window]
        head = entity["tile_head"][window]
        if first:
            head = tile
            entity["tile_head"][window] = tile
        if tile > head:
            # The tiles that the ring of tiles moves over are empty from now on.
            for step in range(1, min(tile - head, np.int64(TILE_COUNT)) + 1):
                place = (head + step) % TILE_COUNT
                entity["tile_count"][window][place] = 0.0
                entity["tile_amount"][window][place] = 0.0
            entity["tile_head"][window] = tile
            head = tile
        # An event older than all tiles no longer matters to this window.
        if tile > head - TILE_COUNT:
            place = tile % TILE_COUNT
            entity["tile_count"][window][place] += np.float32(1.0)
            entity["tile_amount"][window][place] += np.float32(amount)
    entity["evicted_count"] += 1


@njit(nogil=True, cache=True)
def windows_update(entity, time_ns, amount, tag):
    """Add an event; the oldest of a full ring moves to the tiles.

    `entity` is an ENTITY record, `tag` the low half of the other side's key. Times may come in
    any order. Cost: O(WINDOW_COUNT), and O(WINDOW_COUNT * TILE_COUNT) after a pause.
    """
    place = entity["event_count"] % RECENT_SIZE
    if entity["event_count"] >= RECENT_SIZE:
        _add_to_tiles(entity, entity["recent_time_ns"][place], entity["recent_amount"][place])
    entity["recent_time_ns"][place] = time_ns
    entity["recent_amount"][place] = amount
    entity["recent_tag"][place] = tag
    if entity["event_count"] == 0:
        entity["first_time_ns"] = time_ns
        entity["last_time_ns"] = time_ns
    entity["last_time_ns"] = max(entity["last_time_ns"], time_ns)
    entity["event_count"] += 1


@njit(nogil=True, cache=True)
def distinct_tags(entity, now_ns, window_ns):
    """Return the number of different tags among the ring's events in (now - window, now]."""
    size = recent_count(entity)
    distinct = 0
    for index in range(size):
        time_ns = entity["recent_time_ns"][index]
        if not now_ns - window_ns < time_ns <= now_ns:
            continue
        seen = False
        for earlier in range(index):
            earlier_ns = entity["recent_time_ns"][earlier]
            if (
                entity["recent_tag"][earlier] == entity["recent_tag"][index]
                and now_ns - window_ns < earlier_ns <= now_ns
            ):
                seen = True
        if not seen:
            distinct += 1
    return distinct


@njit(nogil=True, cache=True)
def recent_amount_extremes(entity, now_ns, window_ns):
    """Return the largest amount of the whole ring and the smallest in (now - window, now].

    Each is 0.0 when there is no such event.
    """
    largest = 0.0
    smallest = 0.0
    for index in range(recent_count(entity)):
        amount = entity["recent_amount"][index]
        largest = max(largest, amount)
        time_ns = entity["recent_time_ns"][index]
        if now_ns - window_ns < time_ns <= now_ns and (smallest == 0.0 or amount < smallest):
            smallest = amount
    return largest, smallest
