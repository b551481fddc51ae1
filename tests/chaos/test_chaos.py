"""Few faults, under load, on one installation; `make chaos ROUNDS=n` is the long form."""

import random

import numpy as np
import psycopg
import pytest

from scoring_server.kernels.dtypes import ENTITY
from tests.chaos.checker import Report, check
from tests.chaos.faults import FEW_FAULTS, FEW_WORKER_FAULTS
from tests.chaos.rounds import installed, run_round

SEED = 6


@pytest.mark.parametrize(("workers", "faults"), [(1, FEW_FAULTS), (2, FEW_WORKER_FAULTS)])
def test_nothing_is_lost_and_nothing_is_doubled_whatever_fails(tmp_path, workers, faults):
    drawn, report = random.Random(SEED), Report()
    with installed(tmp_path, SEED, workers) as installation:
        for fault in faults:
            run_round(installation, fault, drawn, report)
            assert report.is_good, (SEED, fault.__name__, report)
        assert installation.load.refusals
        _tamper(installation)
        report = Report()
        check(installation, report)
        assert (report.lost, report.alerts_missing, report.state_equal) == (1, 1, False)


def _tamper(installation) -> None:
    """Do what must never happen by itself; a checker that misses it proves nothing."""
    lost = min(installation.load.told)
    raised = min(each for each, told in installation.load.told.items() if told.alert_id)
    with psycopg.connect(installation.database.url) as connection:
        connection.execute("DELETE FROM transactions WHERE transaction_id = %s", [lost])
        connection.execute("DELETE FROM alert_transactions WHERE transaction_id = %s", [raised])
    accounts = np.memmap(installation.data_dir / "state" / "accounts.table", ENTITY, "r+")
    record = accounts[np.flatnonzero(accounts["key"])[0] :][:1].view(np.uint8)
    record[-1] ^= 1
    accounts.flush()
