"""Names that a model's folders may have."""

from scoring_server.errors import InvalidArgumentError
from scoring_server.inference.manifest import is_identifier


def check_names(name: str, version: str) -> None:
    """Check what the folders of a model are to be called.

    Raises:
        InvalidArgumentError: they cannot be.
    """
    if not (is_identifier(name) and is_identifier(version)):
        raise InvalidArgumentError(
            "--name and --version must be 1 to 64 of A-Z a-z 0-9 . _ - and start with a letter or "
            f"digit, were {name!r} and {version!r}"
        )
