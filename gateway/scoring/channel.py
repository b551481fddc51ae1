"""The channel to the scoring server, with TLS where it is asked for."""

from dataclasses import dataclass
from pathlib import Path

import grpc

_MESSAGE_SIZE_BYTES_MAX = 64 * 1024 * 1024
_OPTIONS: tuple[tuple[str, int | str], ...] = (
    # A feed message holds up to 4,096 events of a few hundred bytes with up to eight reasons each.
    ("grpc.max_receive_message_length", _MESSAGE_SIZE_BYTES_MAX),
    # A server that comes back is found within a second, not after gRPC's default of up to two
    # minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A connection that died without a word is noticed while the feed is quiet.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)


@dataclass(frozen=True, slots=True)
class ScoringTls:
    """What the gateway trusts and shows.

    Attributes:
        ca: PEM file of the authorities of the server's certificate.
        cert: PEM file of the gateway's own certificate, with `key`; None shows none.
        key: its key.
        token_file: file with the gateway's token; None sends none.
        name: name in the server's certificate; empty where it is that of the target.
    """

    ca: Path
    cert: Path | None = None
    key: Path | None = None
    token_file: Path | None = None
    name: str = ""


def open_channel(target: str, tls: ScoringTls | None) -> grpc.aio.Channel:
    """Return a channel; it connects by itself, and again whenever it has to."""
    if tls is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)
    name = (("grpc.ssl_target_name_override", tls.name),) if tls.name else ()
    return grpc.aio.secure_channel(target, _credentials(tls), options=_OPTIONS + name)


def _credentials(tls: ScoringTls) -> grpc.ChannelCredentials:
    pair: tuple[bytes | None, bytes | None] = (None, None)
    if tls.cert is not None and tls.key is not None:
        pair = (tls.key.read_bytes(), tls.cert.read_bytes())
    channel = grpc.ssl_channel_credentials(tls.ca.read_bytes(), *pair)
    if tls.token_file is None:
        return channel
    token = grpc.access_token_call_credentials(tls.token_file.read_text().strip())
    return grpc.composite_channel_credentials(channel, token)
