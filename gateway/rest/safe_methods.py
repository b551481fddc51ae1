"""Methods that change nothing (RFC 9110, section 9.2.1), of those that we answer."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
