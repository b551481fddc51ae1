"""Malformed messages, each right before memory that must not be touched."""

import json
import subprocess
import sys

MESSAGES = 30_000


def test_kernels_read_no_further_than_a_message_goes():
    # A process of its own, because reading too far ends it. `make fuzz` is the long form.
    command = [sys.executable, "-m", "tests.property.fuzz_wire", "--messages", str(MESSAGES)]
    done = subprocess.run([*command, "--seed", "6"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["taken"] > MESSAGES // 200
