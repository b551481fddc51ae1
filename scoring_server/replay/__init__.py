"""Sends a file of past transactions to a running scoring server, in the order they happened."""
