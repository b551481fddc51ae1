"""How long the model takes, so that a call whose deadline cannot hold it goes without."""

from scoring_server.clock import NS_PER_S, monotonic_ns

# Chosen by us: one slow block among quick ones hardly counts, and a model that was ten times too
# slow is tried again after some 220 blocks without it, so that fewer than one call in a hundred
# pays for finding out.
_WEIGHT = 0.3
_FORGET = 0.995


class ModelTime:
    """The running mean of a block's time; its caller serialises.

    Attributes:
        expected_s: what a block may take, seconds; 0 before the first.
    """

    def __init__(self) -> None:
        self.expected_s = 0.0

    def took(self, began_ns: int) -> None:
        """Note that a block has just been scored that was begun at a monotonic time."""
        elapsed_s = (monotonic_ns() - began_ns) / NS_PER_S
        self.expected_s += _WEIGHT * (elapsed_s - self.expected_s)

    def skipped(self) -> None:
        """Note that a block went without the model."""
        self.expected_s *= _FORGET
