"""`anomaly rules` says what is in the folder, and where something is wrong."""

import json
from pathlib import Path

from click.testing import CliRunner

from scoring_server.rule_commands import rules

GOOD = '[[rule]]\nname = "big"\nwhen = "amount > 9000"\nthen = "review"\nmode = "live"\n'


def test_check_counts_and_names_the_digest(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    done = CliRunner().invoke(rules, ["check", str(tmp_path), "--json"])
    told = json.loads(done.output)
    assert (done.exit_code, told["rules"], told["live"]) == (0, 1, 1)
    assert len(told["sha256"]) == 64


def test_check_points_at_the_fault_and_ends_with_one(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace("amount", "amont"))
    done = CliRunner().invoke(rules, ["check", str(tmp_path)])
    assert done.exit_code == 1
    assert "a.toml:3:9: when: unknown name amont; did you mean amount" in done.output
    done = CliRunner().invoke(rules, ["check", str(tmp_path / "a.toml"), "--json"])
    (fault,) = json.loads(done.output)["faults"]
    assert (fault["line"], fault["column"]) == (3, 9)


def test_list_reads_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    done = CliRunner().invoke(rules, ["list"], env={"RULES_DIR": str(tmp_path)})
    assert done.output == "live   review  big: amount > 9000 (a.toml:1)\n"
    done = CliRunner().invoke(rules, ["list"], env={"RULES_DIR": str(tmp_path / "none")})
    assert done.output == "no rules\n"


def test_names_tell_what_they_mean() -> None:
    done = CliRunner().invoke(rules, ["names", "new_device"])
    assert "account_new_device" in done.output
    assert "0 or 1" in done.output
