"""What makes a signing key and a password good enough."""

import math
from collections import Counter

SECRET_LENGTH_MIN = 32
# Bits by the frequencies of its characters; 32 random hexadecimal digits have about 110.
SECRET_ENTROPY_BITS_MIN = 90.0
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 128
_PASSWORD_CHARACTERS_MIN = 5

# Parts of the keys that tutorials and templates show; a real one holds them by no chance.
_EXAMPLE_PARTS = (
    "changeme",
    "changethis",
    "changeit",
    "your-secret",
    "yoursecret",
    "your_secret",
    "secret-key",
    "secretkey",
    "secret_key",
    "example",
    "replaceme",
    "insecure",
    "password",
    "placeholder",
    "0123456789",
    "abcdefgh",
    # The key of FastAPI's tutorial.
    "09d25e094faa6ca2556c818166b7a956",
)


def secret_fault(secret: str) -> str:
    """Return what is wrong with a signing key; empty when nothing is."""
    if len(secret) < SECRET_LENGTH_MIN:
        return f"must have at least {SECRET_LENGTH_MIN} characters, had {len(secret)}"
    plain = secret.lower().replace(" ", "")
    if any(part in plain for part in _EXAMPLE_PARTS):
        return "must not be a known example"
    bits = entropy_bits(secret)
    if bits < SECRET_ENTROPY_BITS_MIN:
        return (
            f"must be random: it holds about {bits:.0f} bits, {SECRET_ENTROPY_BITS_MIN:.0f} needed"
        )
    return ""


def entropy_bits(text: str) -> float:
    """Return the bits in a text by the frequencies of its characters.

    A text that repeats a shorter one counts as that one.
    """
    period = (text + text).find(text, 1)
    core = text[:period]
    counts = Counter(core)
    return -sum(count * math.log2(count / len(core)) for count in counts.values())


def password_fault(password: str, name: str) -> str:
    """Return what is wrong with a new password; empty when nothing is.

    Length is what counts; rules about kinds of characters make passwords worse (NIST SP 800-63B).
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        return (
            f"the password must have {PASSWORD_LENGTH_MIN}..{PASSWORD_LENGTH_MAX} characters, "
            f"had {len(password)}"
        )
    plain = password.lower()
    if len(set(plain)) < _PASSWORD_CHARACTERS_MIN:
        return f"the password must have at least {_PASSWORD_CHARACTERS_MIN} different characters"
    if name.lower() in plain:
        return "the password must not hold the name"
    period = (plain + plain).find(plain, 1)
    if period < len(plain):
        return "the password must not be a repetition"
    if any(plain.startswith(part) for part in ("password", "123456789", "qwertyuiop", "letmein")):
        return "the password must not start as the most common ones do"
    return ""
