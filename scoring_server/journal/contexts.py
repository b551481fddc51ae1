"""Texts that many events refer to, kept once beside the journal under their SHA-256."""

from hashlib import sha256
from pathlib import Path

import structlog

from scoring_server.durable_file import write_durably

_log = structlog.get_logger(__name__)


class Contexts:
    """The contexts of an installation's journal.

    Args:
        directory: the journal directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "contexts"

    def keep(self, content: bytes) -> bytes:
        """Return the digest of a context, which is on the disk when this returns."""
        digest = sha256(content)
        path = self._path(digest.digest())
        if not path.exists():
            try:
                self._directory.mkdir(exist_ok=True)
                write_durably(path, content)
            except OSError as error:
                # Scoring goes on; receipts that need it say that it is missing.
                _log.error("context_not_written", path=str(path), error=str(error))
        return digest.digest()

    def get(self, digest: bytes) -> bytes | None:
        """Return a context; None when it is missing or no longer what it was."""
        try:
            content = self._path(digest).read_bytes()
        except OSError:
            return None
        return content if sha256(content).digest() == digest else None

    def _path(self, digest: bytes) -> Path:
        return self._directory / f"{digest.hex()}.json"
