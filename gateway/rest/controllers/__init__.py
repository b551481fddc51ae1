"""The endpoints, one module a path."""
