"""Who is calling. Until there is a login, the request says so itself."""

ANONYMOUS = "anonymous"


def analyst_of(named: str | None) -> str:
    """Return the analyst who is answerable for a request."""
    return named or ANONYMOUS
