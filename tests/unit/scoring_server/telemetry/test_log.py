import json
import subprocess
import sys

PROGRAM = """
import logging, sys
import structlog
from scoring_server.telemetry.log import configure_logging
configure_logging(sys.argv[1], sys.argv[2])
log = structlog.get_logger("ours")
log.debug("hidden")
log.info("told", count=3)
logging.getLogger("library").warning("from a %s", "library")
try:
    secret_local = "4111111111111111"
    raise ValueError("broken")
except ValueError as error:
    log.error("failed", exc_info=error)
"""


def logged(level: str, log_format: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, level, log_format],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr


def test_json_is_one_object_a_line_for_ours_and_for_libraries():
    lines = [json.loads(line) for line in logged("INFO", "json").splitlines()]
    assert [line["event"] for line in lines] == ["told", "from a library", "failed"]
    assert lines[0]["count"] == 3
    assert lines[0]["logger"] == "ours"
    assert lines[1]["level"] == "warning"
    assert lines[0]["timestamp"].endswith("Z")
    assert "broken" in json.dumps(lines[2])


def test_level_hides_what_is_below():
    assert "told" not in logged("WARNING", "json")
    assert "hidden" in logged("DEBUG", "console")


def test_traceback_shows_no_values_of_variables():
    for log_format in ("json", "console"):
        text = logged("INFO", log_format)
        assert "broken" in text
        # The source line holds the number as well, but a program given by -c has none to show.
        assert "4111111111111111" not in text
