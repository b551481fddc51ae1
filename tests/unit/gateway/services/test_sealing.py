import base64

from gateway.services.sealing import Sealing, new_secret, signature_headers
from tests.support.people import SECRET

PLAIN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_sealed_secret_is_read_with_the_same_key_for_the_same_webhook_only() -> None:
    secret = new_secret()
    sealed = Sealing(SECRET).seal(secret, "whk_1")
    assert secret.removeprefix("whsec_") not in sealed
    assert Sealing(SECRET).unseal(sealed, "whk_1") == secret
    assert Sealing(SECRET).unseal(sealed, "whk_2") is None
    assert Sealing(SECRET[::-1]).unseal(sealed, "whk_1") is None
    assert Sealing("").unseal(sealed, "whk_1") is None
    for broken in ("", "x", sealed[:-4], sealed.replace(".", "", 1)):
        assert Sealing(SECRET).unseal(broken, "whk_1") is None


def test_without_a_key_it_is_stored_as_it_is_and_not_taken_where_there_is_one() -> None:
    sealed = Sealing("").seal(PLAIN, "whk_1")
    assert Sealing("").unseal(sealed, "whk_1") == PLAIN
    assert Sealing(SECRET).unseal(sealed, "whk_1") is None


def test_secrets_are_long_and_differ() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32


def test_signature_is_that_of_the_published_example() -> None:
    """The example of Standard Webhooks' reference implementations."""
    headers = signature_headers(
        PLAIN, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
