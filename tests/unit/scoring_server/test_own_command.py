"""A child never outlives us, even when we die before it could ask to be told."""

import shlex
import subprocess

from scoring_server.own_command import own_command

COMMAND = ("up", "--help")


def test_child_runs_under_its_parent() -> None:
    ended = subprocess.run(own_command(*COMMAND), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Usage" in ended.stdout


def test_child_whose_parent_is_gone_ends_at_once() -> None:
    # The shell stands for whoever adopts it.
    adopted = f"{shlex.join(own_command(*COMMAND))}; echo $?"
    ended = subprocess.run(["sh", "-c", adopted], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("1\n", "")
