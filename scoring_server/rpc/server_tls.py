"""The server's certificates, read anew when their files change: at the next connection.

A renewal needs no restart and no signal. Connections that are open keep what they began with.
"""

import threading
from pathlib import Path
from typing import Any

import grpc
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scoring_server.config import TlsConfig
from scoring_server.errors import ConfigurationError

_Marks = tuple[tuple[int, int, int], ...]

_log = structlog.get_logger(__name__)


def server_credentials(tls: TlsConfig | None) -> grpc.ServerCredentials | None:
    """Return what a server listens with; None without TLS.

    Raises:
        ConfigurationError: a file is no PEM, or key and certificate do not belong together.
    """
    if tls is None:
        return None
    files = _Files(tls)
    # It may return None, which the stubs do not know.
    changed: Any = files.changed
    credentials: grpc.ServerCredentials = grpc.dynamic_ssl_server_credentials(
        files.configuration, changed, require_client_authentication=tls.client_ca is not None
    )
    return credentials


class _Files:
    """The files of a configuration, as they were when last read."""

    def __init__(self, tls: TlsConfig) -> None:
        self._cert, self._key, self._client_ca = tls.cert, tls.key, tls.client_ca
        self._lock = threading.Lock()
        self._marks = self._look()
        self.configuration = self._read()

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the certificates when they have changed; called before each handshake.

        What cannot be used is told once and leaves in place what was there: files are often
        replaced one after the other.
        """
        with self._lock:
            try:
                marks = self._look()
                if marks == self._marks:
                    return None
                self._marks = marks
                found = self._read()
            except (OSError, ConfigurationError) as error:
                _log.warning("certificates_unusable", fault=str(error), effect="the old ones stay")
                return None
            _log.info("certificates_read")
            return found

    def _look(self) -> _Marks:
        """Return what changes when a file is written or replaced."""
        paths = (self._cert, self._key, self._client_ca)
        looks = [path.stat() for path in paths if path is not None]
        return tuple((look.st_ino, look.st_size, look.st_mtime_ns) for look in looks)

    def _read(self) -> grpc.ServerCertificateConfiguration:
        chain, key = self._cert.read_bytes(), self._key.read_bytes()
        try:
            certificate = x509.load_pem_x509_certificates(chain)[0]
            belongs = certificate.public_key() == load_pem_private_key(key, None).public_key()
        except (ValueError, TypeError) as error:
            raise _unusable(self._cert, self._key, str(error)) from error
        if not belongs:
            raise _unusable(self._cert, self._key, "the key is another certificate's")
        client_ca = None
        if self._client_ca is not None:
            client_ca = self._client_ca.read_bytes()
            try:
                x509.load_pem_x509_certificates(client_ca)
            except ValueError as error:
                raise _unusable(self._client_ca, self._client_ca, str(error)) from error
        return grpc.ssl_server_certificate_configuration([(key, chain)], client_ca)


def _unusable(first: Path, second: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"TLS_CERT, TLS_KEY and TLS_CLIENT_CA must be PEM files that belong together, "
        f"{first} and {second} are not: {why}",
        reason="TLS",
    )
