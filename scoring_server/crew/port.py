"""The port that all workers listen on."""

import socket

from scoring_server.rpc.serving import Listen, address_in_use


def reserve_port(host: str, port: int) -> socket.socket:
    """Return a socket that keeps a port for the workers, who listen on it beside each other.

    It takes no connections itself, as it does not listen.

    Args:
        host: address to listen on.
        port: 0 lets the system choose.

    Raises:
        ConfigurationError: it cannot be listened on.
    """
    listen = Listen(host, port)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as alone:
            # Another server that shares its port would let us share it, too.
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
        reserved = socket.socket(family, kind, protocol)
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind(address)
        except BaseException:
            reserved.close()
            raise
    except OSError as error:
        raise address_in_use(listen, error.strerror) from error
    return reserved
