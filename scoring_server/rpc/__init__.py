"""The gRPC side of the scoring server: the only package that knows gRPC, protobuf and the stubs."""
