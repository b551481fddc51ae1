"""Nothing secret reaches the log, whatever way it takes; people's data is masked from INFO on."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from gateway.log import configure_log
from gateway.log_masking import mask_line, masked_personal

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJlLW9mLWl0"
REFRESH = "anr_" + "Zx9-" * 10
SERVICE = "ans_" + "Qw8_" * 10
WEBHOOK = "whsec_" + "Qw8+" * 10
HASH = "$argon2id$v=19$m=65536,t=3$c2FsdA$aGFzaA"


def line(level: str = "info", **fields: Any) -> dict[str, Any]:
    return dict(mask_line(None, level, {"level": level, "event": "x", **fields}))


@contextmanager
def written(monkeypatch: pytest.MonkeyPatch, log_format: str) -> Iterator[io.StringIO]:
    out = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", out)
        configure_log("DEBUG", log_format)
        yield out
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "key",
    ["password", "new_password", "SECRET_KEY", "refresh_token", "authorization", "set_cookie"],
)
@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_values_of_secret_names_are_hidden_at_every_level(key: str, level: str) -> None:
    assert line(level, **{key: "hunter2"})[key] == "***"


@pytest.mark.parametrize(
    "secret", [JWT, REFRESH, SERVICE, WEBHOOK, "$argon2id$v=19$m=65536,t=3$c2FsdA$aGFzaA"]
)
@pytest.mark.parametrize("level", ["debug", "info"])
def test_secrets_inside_texts_are_hidden(secret: str, level: str) -> None:
    told = line(level, fault=f"refused {secret} here", details={"deep": [f"x={secret}"]})
    assert secret not in repr(told)
    assert told["fault"].startswith("refused ")


def test_password_of_a_database_url_is_hidden() -> None:
    told = line(fault="cannot open postgresql://gateway:hunter2@db.example/anomaly")
    assert "hunter2" not in told["fault"]
    assert "db.example" in told["fault"]


def test_personal_values_are_masked_from_info_on() -> None:
    fields = {"ip_address": "203.0.113.77", "account_id": "account-4711", "device": "device-1"}
    assert line("info", **fields) | {} == {
        "level": "info",
        "event": "x",
        "ip_address": "203.0.113.0/24",
        "account_id": "ac***",
        "device": "de***",
    }
    assert line("debug", **fields)["account_id"] == "account-4711"


def test_addresses_and_details_of_rows_in_texts_are_masked() -> None:
    told = line(fault="lost 203.0.113.77\nDETAIL:  Key (name)=(anna) already exists.\nend")
    assert told["fault"] == "lost 203.0.113.x\nDETAIL: ***\nend"
    assert line(host="10.0.0.5", scoring="10.0.0.6:50051")["scoring"] == "10.0.0.6:50051"


@pytest.mark.parametrize(
    ("value", "masked"),
    [("2001:db8:1:2::3", "2001:db8:1::/48"), ("127.0.0.1", "127.0.0.1"), ("", ""), (4711, "47***")],
)
def test_masked_values(value: object, masked: str) -> None:
    assert masked_personal(value) == masked


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_tracebacks_and_lines_of_libraries_are_masked(
    monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    with written(monkeypatch, log_format) as out:
        try:
            int(f"Bearer {SERVICE}")
        except ValueError as error:
            structlog.get_logger("a").error("request_failed", exc_info=error, password="hunter2")
            logging.getLogger("library").exception("client %s sent %s", "203.0.113.77", JWT)
    text = out.getvalue()
    assert "request_failed" in text
    assert text.count("Traceback") == 2
    for secret in (SERVICE, JWT, "hunter2", "203.0.113.77"):
        assert secret not in text
    if log_format == "json":
        assert all(json.loads(each) for each in text.splitlines())
