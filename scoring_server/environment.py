"""Typed values from environment variables; gathers every fault, so that all are told at once."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from scoring_server.errors import ConfigurationError


class EnvironmentReader:
    """Values of an environment. A fault is remembered and the default returned in its place.

    A variable that is empty counts as not given.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def fault(self, message: str) -> None:
        """Remember a fault."""
        self._faults.append(message)

    def raise_faults(self) -> None:
        """Raise one ConfigurationError with all faults; return when there are none."""
        if self._faults:
            raise ConfigurationError(
                "the configuration is wrong: " + "; ".join(self._faults), reason="CONFIGURATION"
            )

    def text(self, name: str, default: str) -> str:
        """Return a text without surrounding blanks."""
        return self._environ.get(name, "").strip() or default

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number in [least, most]; underscores may group its digits."""
        text = self.text(name, "")
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            self.fault(f"{name} must be a whole number {least}..{most}, was {text!r}")
            return default
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """Return a finite number in [least, most]."""
        text = self.text(name, "")
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            self.fault(f"{name} must be a number {least:g}..{most:g}, was {text!r}")
            return default
        return value

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """Return one of the allowed words, in the case that `allowed` has."""
        text = self.text(name, default)
        for word in allowed:
            if text.lower() == word.lower():
                return word
        self.fault(f"{name} must be one of {', '.join(allowed)}, was {text!r}")
        return default

    def file(self, name: str) -> Path | None:
        """Return the path of an existing file; None when not given."""
        text = self.text(name, "")
        if not text:
            return None
        path = Path(text)
        if not path.is_file():
            self.fault(f"{name} must be an existing file, was {text!r}")
            return None
        return path
