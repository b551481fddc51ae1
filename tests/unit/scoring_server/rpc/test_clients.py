"""The file of clients: what it must be, and that faults tell no token."""

import hashlib
from pathlib import Path

import pytest

from scoring_server.errors import ConfigurationError, UnauthenticatedError
from scoring_server.rpc.clients import Clients, Permission, read_clients

HASH = hashlib.sha256(b"secret").hexdigest()


def written(folder: Path, text: str) -> Path:
    path = folder / "clients.toml"
    path.write_text(text)
    return path


def test_client_is_found_by_each_of_its_tokens(tmp_path: Path) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    text = f'[bank]\ntokens_sha256 = ["{HASH}", "{other}"]\npermissions = ["score", "feed"]\n'
    clients = Clients(written(tmp_path, text))
    for token in ("secret", "other"):
        client = clients.client_of(f"Bearer {token}")
        assert client.name == "bank"
        assert client.permissions == {Permission.SCORE, Permission.FEED}


@pytest.mark.parametrize(
    "authorization", ["", "secret", "Basic secret", "bearer secret", f"Bearer {HASH}", "Bearer "]
)
def test_anything_else_is_nobody(tmp_path: Path, authorization: str) -> None:
    text = f'[bank]\ntokens_sha256 = ["{HASH}"]\npermissions = []\n'
    clients = Clients(written(tmp_path, text))
    with pytest.raises(UnauthenticatedError) as caught:
        clients.client_of(authorization)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[bank", "Expected"),
        ("bank = 1", "bank must have tokens_sha256 and permissions"),
        ("[bank]\npermissions = []", "bank must have tokens_sha256 and permissions"),
        ('[bank]\ntokens_sha256 = ["secret"]\npermissions = []', "64 hexadecimal digits"),
        ('[bank]\ntokens_sha256 = "secret"\npermissions = []', "64 hexadecimal digits"),
        ('[bank]\ntokens_sha256 = []\npermissions = ["all"]', "score, label, feed, admin"),
        (
            "".join(
                f'[{name}]\ntokens_sha256 = ["{HASH}"]\npermissions = []\n'
                for name in ("bank", "shop")
            ),
            "shop has a token that bank has",
        ),
    ],
)
def test_fault_is_named_without_the_token(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_clients(written(tmp_path, text))
    assert why in caught.value.message
    assert "secret" not in caught.value.message
