"""A bound on how many live clients a process serves at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import UnavailableError

# When a client that was turned away should come back; chosen by us, others rarely leave sooner.
_RETRY_AFTER_S = 5.0


class Seats:
    """So many clients; further ones are turned away.

    Attributes:
        taken: how many there are now.
    """

    def __init__(self, seats_max: int) -> None:
        self._seats_max = seats_max
        self.taken = 0

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Hold a seat for as long as the block lasts.

        Raises:
            UnavailableError: all are taken.
        """
        if self.taken >= self._seats_max:
            raise UnavailableError(
                f"{self._seats_max} live clients are connected to this process, which is the most "
                "it serves",
                reason="LIVE_CLIENTS_MAX",
                retry_after_s=_RETRY_AFTER_S,
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
