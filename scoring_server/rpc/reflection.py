"""Server reflection, under both of its names.

It has a pool of its own, so that a client that keeps its stream open takes no thread from others.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from grpc_reflection.v1alpha import reflection, reflection_pb2

from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, StreamMethod

# The messages of v1 are those of v1alpha; clients try v1 first.
_NAMES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


def reflection_methods(services: Iterable[str]) -> list[Method]:
    """Return the methods of reflection over services that are linked into this program."""
    servicer: Any = reflection.ReflectionServicer((*services, *_NAMES[1:]))

    def server_reflection_info(requests: Iterator[bytes], _call: Call) -> Iterator[bytes]:
        parsed = (parse(reflection_pb2.ServerReflectionRequest, request) for request in requests)
        for response in servicer.ServerReflectionInfo(parsed, None):
            yield response.SerializeToString()

    return [
        StreamMethod(name, "ServerReflectionInfo", Pool.REFLECTION, server_reflection_info)
        for name in _NAMES
    ]
