"""How our own commands reach a scoring server that speaks TLS."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc

from scoring_server.environment import EnvironmentReader


@dataclass(frozen=True, slots=True)
class ClientTls:
    """What a client trusts and shows.

    Attributes:
        ca: PEM file of the authorities of the server's certificate.
        cert: PEM file of the client's own certificate, with `key`; None shows none.
        key: its key.
        token_file: file with the client's token; None sends none.
        name: name in the server's certificate; empty where it is that of the target.
    """

    ca: Path
    cert: Path | None = None
    key: Path | None = None
    token_file: Path | None = None
    name: str = ""

    def options(self) -> list[tuple[str, str]]:
        """Return the channel arguments."""
        return [("grpc.ssl_target_name_override", self.name)] if self.name else []

    def credentials(self) -> grpc.ChannelCredentials:
        """Return the credentials of a channel."""
        pair: tuple[bytes | None, bytes | None] = (None, None)
        if self.cert is not None and self.key is not None:
            pair = (self.key.read_bytes(), self.cert.read_bytes())
        channel = grpc.ssl_channel_credentials(self.ca.read_bytes(), *pair)
        if self.token_file is None:
            return channel
        token = grpc.access_token_call_credentials(self.token_file.read_text().strip())
        return grpc.composite_channel_credentials(channel, token)


def client_tls(environ: Mapping[str, str]) -> ClientTls | None:
    """Return what an environment states; None without TLS.

    Raises:
        ConfigurationError: its message names every fault.
    """
    read = EnvironmentReader(environ)
    ca = read.file("SCORING_TLS_CA")
    cert, key = read.file("SCORING_TLS_CERT"), read.file("SCORING_TLS_KEY")
    token_file = read.file("SCORING_TOKEN_FILE")
    if (cert is None) != (key is None):
        read.fault("SCORING_TLS_CERT and SCORING_TLS_KEY must be given together")
    if ca is None and (cert is not None or token_file is not None):
        read.fault("SCORING_TLS_CERT and SCORING_TOKEN_FILE need SCORING_TLS_CA")
    read.raise_faults()
    if ca is None:
        return None
    return ClientTls(ca, cert, key, token_file, read.text("SCORING_TLS_NAME", ""))
