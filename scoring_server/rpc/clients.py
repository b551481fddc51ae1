"""Who calls: the clients of a file, by the hashes of their tokens."""

import hashlib
import re
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import structlog

from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.errors import ConfigurationError, UnauthenticatedError

_LOOK_NS = NS_PER_S
_BEARER = "Bearer "
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEYS = {"tokens_sha256", "permissions"}

_log = structlog.get_logger(__name__)


class Permission(Enum):
    """What a client may do."""

    SCORE = "score"
    LABEL = "label"
    FEED = "feed"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Client:
    """One caller.

    Attributes:
        name: what the record of admin calls names it by.
    """

    name: str
    permissions: frozenset[Permission]


class Clients:
    """The clients of a TOML file; it is read anew within a second after it changed.

    Raises:
        ConfigurationError: the file is not as it must be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._mark = self._look()
        self._looked_ns = monotonic_ns()
        self._by_hash = read_clients(path)

    def client_of(self, authorization: str) -> Client:
        """Return whose token an `authorization` holds.

        Raises:
            UnauthenticatedError: nobody's.
        """
        if monotonic_ns() - self._looked_ns > _LOOK_NS:
            self._look_again()
        if not authorization.startswith(_BEARER):
            raise UnauthenticatedError(
                "authorization must be Bearer and a token", reason="TOKEN_MISSING"
            )
        token = authorization[len(_BEARER) :].encode()
        client = self._by_hash.get(hashlib.sha256(token).hexdigest())
        if client is None:
            raise UnauthenticatedError("the token is nobody's", reason="TOKEN_UNKNOWN")
        return client

    def _look(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _look_again(self) -> None:
        with self._lock:
            self._looked_ns = monotonic_ns()
            try:
                mark = self._look()
                if mark == self._mark:
                    return
                self._mark = mark
                self._by_hash = read_clients(self._path)
            except (OSError, ConfigurationError) as error:
                _log.warning("clients_unusable", fault=str(error), effect="the old ones stay")
            else:
                _log.info("clients_read", clients=len(set(self._by_hash.values())))


def read_clients(path: Path) -> Mapping[str, Client]:
    """Return the clients of a file by the SHA-256 of each of their tokens.

    Raises:
        ConfigurationError: the file is not as it must be.
    """
    try:
        tables = tomllib.loads(path.read_text())
    except ValueError as error:
        raise _fault(path, str(error)) from error
    found: dict[str, Client] = {}
    for name, table in tables.items():
        client, hashes = _client(path, name, table)
        for each in hashes:
            if each in found:
                raise _fault(path, f"{name} has a token that {found[each].name} has")
            found[each] = client
    return found


def _client(path: Path, name: str, table: Any) -> tuple[Client, list[str]]:
    if not isinstance(table, dict) or table.keys() != _KEYS:
        raise _fault(path, f"{name} must have tokens_sha256 and permissions, and nothing else")
    hashes, words = table["tokens_sha256"], table["permissions"]
    allowed = [each.value for each in Permission]
    if not isinstance(words, list) or not all(word in allowed for word in words):
        raise _fault(path, f"permissions of {name} must be of {', '.join(allowed)}, were {words}")
    # What is no hash may be a token, so it is not repeated.
    if not isinstance(hashes, list) or not all(_SHA256.fullmatch(str(each)) for each in hashes):
        raise _fault(path, f"tokens_sha256 of {name} must be a list of 64 hexadecimal digits each")
    return Client(name, frozenset(Permission(word) for word in words)), hashes


def _fault(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"GRPC_CLIENTS: {path}: {why}", reason="CLIENTS")
