"""Taking values out of an environment, all faults at once."""

import ipaddress
import json
import re
from collections.abc import Mapping
from pathlib import Path

from gateway.domain.rate import RatePolicy, RouteClass

_RATE_POLICY = re.compile(r"([a-z]+)\s*=\s*(\d{1,8})/(\d{1,5})")
_WINDOW_S_MAX = 86_400
_REQUESTS_MAX = 10_000_000


class EnvironmentReader:
    """Takes values out of an environment and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def text(self, name: str, default: str) -> str:
        """Read a text; a missing or empty one is the default, as everywhere here."""
        return self._environ.get(name, "").strip() or default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Read one of a few texts."""
        value = self.text(name, default)
        if value not in allowed:
            self.faults.append(f"{name} must be one of {', '.join(allowed)}, was {value!r}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Read true or false."""
        value = self.text(name, str(default)).lower()
        if value in {"true", "1", "yes", "on"}:
            return True
        if value not in {"false", "0", "no", "off"}:
            self.faults.append(f"{name} must be true or false, was {value!r}")
        return False

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        """Read a whole number, both bounds allowed."""
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            value = lowest - 1
        if not lowest <= value <= highest:
            self.faults.append(f"{name} must be a whole number {lowest}..{highest}, was {raw!r}")
            return default
        return value

    def real(self, name: str, default: float, lowest: float, highest: float) -> float:
        """Read a number, both bounds allowed."""
        raw = self.text(name, str(default))
        try:
            value = float(raw)
        except ValueError:
            value = lowest - 1
        # A NaN fails the comparison, which is what we want.
        if not lowest <= value <= highest:
            self.faults.append(f"{name} must be a number {lowest:g}..{highest:g}, was {raw!r}")
            return default
        return value

    def file(self, name: str) -> Path | None:
        """Read the path of a file that is there."""
        value = self.text(name, "")
        if not value:
            return None
        if not Path(value).is_file():
            self.faults.append(f"{name} must be an existing file, was {value!r}")
            return None
        return Path(value)

    def origins(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Read a list that is separated by commas or written as a JSON list."""
        raw = self.text(name, "")
        if not raw:
            return default
        if not raw.startswith("["):
            return tuple(part.strip() for part in raw.split(",") if part.strip())
        try:
            values = json.loads(raw)
        except json.JSONDecodeError:
            values = None
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.faults.append(
                f"{name} must be separated by commas or a JSON list of texts, was {raw!r}"
            )
            return default
        return tuple(values)

    def networks(self, name: str) -> tuple[str, ...]:
        """Read addresses and networks that are separated by commas."""
        parts = [part.strip() for part in self.text(name, "").split(",") if part.strip()]
        try:
            return tuple(str(ipaddress.ip_network(part, strict=False)) for part in parts)
        except ValueError as error:
            self.faults.append(f"{name} must be addresses or networks: {error}")
            return ()

    def rate_policies(self, name: str) -> tuple[tuple[RouteClass, RatePolicy], ...]:
        """Read `class=requests/seconds`, separated by commas."""
        found: dict[RouteClass, RatePolicy] = {}
        for part in (part.strip() for part in self.text(name, "").split(",") if part.strip()):
            match = _RATE_POLICY.fullmatch(part)
            if match is None or match[1] not in set(RouteClass):
                self.faults.append(
                    f"{name} must be like login=20/60 (requests/seconds), separated by commas, for "
                    f"{', '.join(RouteClass)}; had {part!r}"
                )
                continue
            policy = RatePolicy(int(match[2]), int(match[3]))
            if policy.requests_max > _REQUESTS_MAX or not 1 <= policy.window_s <= _WINDOW_S_MAX:
                self.faults.append(
                    f"{name}: requests must be 0..{_REQUESTS_MAX} and seconds 1..{_WINDOW_S_MAX}, "
                    f"had {part!r}"
                )
            elif RouteClass(match[1]) in found:
                self.faults.append(f"{name} names {match[1]} twice")
            found[RouteClass(match[1])] = policy
        return tuple(found.items())
