import pytest

from gateway.domain.secret import entropy_bits, password_fault, secret_fault


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("x" * 11, "12..128"),
        ("abcdefghijklm" * 10, "12..128"),
        ("aaaaaaaabbbb", "5 different"),
        ("my name is ANNA ok", "hold the name"),
        ("wonder wonder ", "repetition"),
        ("Password and more", "most common"),
    ],
)
def test_bad_passwords(password: str, fault: str) -> None:
    assert fault in password_fault(password, "anna")


@pytest.mark.parametrize("password", ["correct horse battery", "пароль-из-слов", "zD9!kq2_Lm5#"])
def test_good_passwords(password: str) -> None:
    assert not password_fault(password, "anna")


def test_repetition_adds_no_entropy() -> None:
    assert entropy_bits("abcdefgh" * 20) == entropy_bits("abcdefgh") == 24
    assert entropy_bits("a" * 100) == 0


def test_key_of_openssl_is_accepted_and_a_spelled_example_is_not() -> None:
    assert not secret_fault("0Zk3lPzq9w1Xv7Yc5Rb8Nt2Mj6Hg4Fd+SaQe/UiOpLkJhGfDsA")
    assert "example" in secret_fault("Change Me 0Zk3lPzq9w1Xv7Yc5Rb8Nt2Mj6Hg4Fd")
