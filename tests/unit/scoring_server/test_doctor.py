"""Each illness is found and comes with advice; the doctor itself never falls ill."""

import json
from pathlib import Path

import pytest

from scoring_server import doctor


def test_unreadable_configuration_is_a_failure_that_names_the_variable() -> None:
    check = doctor.configuration_check({"GRPC_PORT": "many"})
    assert check.status == "fail"
    assert "GRPC_PORT" in check.detail
    assert check.advice


def test_packages_that_did_not_load_are_named() -> None:
    check = doctor.commands_check({"gateway": "ImportError: gone"})
    assert (check.status, check.detail) == ("fail", "gateway: ImportError: gone")


def test_data_directory_that_is_a_file_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    assert doctor.data_dir_check(path).status == "fail"


def test_data_directory_need_not_exist_yet(tmp_path: Path) -> None:
    path = tmp_path / "new" / "data"
    assert doctor.data_dir_check(path).status in {"ok", "warn"}
    assert not path.exists()


@pytest.mark.parametrize(
    ("free", "status"),
    [
        (doctor.FREE_BYTES_MIN - 1, "fail"),
        (doctor.FREE_BYTES_MIN, "warn"),
        (doctor.FREE_BYTES_GOOD - 1, "warn"),
        (doctor.FREE_BYTES_GOOD, "ok"),
    ],
)
def test_free_space_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    usage = doctor.shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: usage)
    assert doctor.data_dir_check(tmp_path).status == status


def test_missing_model_is_a_warning(tmp_path: Path) -> None:
    check = doctor.model_check({"MODEL_DIR": str(tmp_path)})
    assert check.status == "warn"
    assert "degraded" in check.detail


def test_check_that_breaks_is_a_failed_check() -> None:
    def broken() -> doctor.Check:
        raise ZeroDivisionError("oh")

    assert doctor._guard("it", broken) == doctor.Check("it", "fail", "ZeroDivisionError: oh")


def test_json_report_says_whether_all_is_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"DATA_DIR": str(tmp_path), "GRPC_PORT": "0"}
    code = doctor.run_doctor(environ, {"models": "gone"}, machine_readable=True)
    report = json.loads(capsys.readouterr().out)
    assert code == 1
    assert report["ok"] is False
    names = [check["name"] for check in report["checks"]]
    assert {"python", "model", "scoring server", "gateway", "database"} <= set(names)


def test_text_report_gives_advice_below_the_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor.run_doctor({"DATA_DIR": str(tmp_path)}, {"models": "gone"}, machine_readable=False)
    lines = capsys.readouterr().out.splitlines()
    position = next(n for n, line in enumerate(lines) if line.startswith("FAIL  commands"))
    assert "-> run make setup" in lines[position + 1]
