"""The key that signs checkpoints: Ed25519, in a file that only the server's user may read."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from scoring_server.durable_file import write_durably
from scoring_server.errors import ConfigurationError

KEY_FILE = "receipt_signing_key.pem"
PUBLIC_KEY_FILE = "receipt_public_key.pem"


def open_signing_key(data_dir: Path, given: Path | None) -> Ed25519PrivateKey:
    """Return the key that signs, and lay its public half into the data directory.

    Args:
        data_dir: where the key is made at the first start, unless one is given.
        given: PEM file of a key that is kept elsewhere.

    Raises:
        ConfigurationError: the file cannot be read, or holds no Ed25519 key.
    """
    path = given or data_dir / KEY_FILE
    try:
        if given is None and not path.exists():
            _make(path)
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("it holds another kind of key")  # noqa: TRY301, TRY004 - told below
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (data_dir / PUBLIC_KEY_FILE).write_bytes(public)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"RECEIPT_SIGNING_KEY must be a PEM file of an Ed25519 key, {path} is not: {error}",
            reason="RECEIPT_SIGNING_KEY",
        ) from error
    return key


def read_public_key(path: Path) -> str:
    """Return the hexadecimal public key of a PEM file.

    Raises:
        ConfigurationError: the file cannot be read, or holds no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} must be a PEM file of an Ed25519 public key: {error}", reason="PUBLIC_KEY"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{path} must hold an Ed25519 public key", reason="PUBLIC_KEY")
    return key.public_bytes_raw().hex()


def is_signed_by(public_key: str, signature: bytes, content: bytes) -> bool:
    """Return whether a signature over a content is of a key given in hexadecimal digits."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    write_durably(path, pem, 0o600)
