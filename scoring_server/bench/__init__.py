"""Measures speed: the server beside an echo server, and the engine alone."""
