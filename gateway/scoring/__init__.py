"""The only part that knows gRPC: the client of the scoring server."""
