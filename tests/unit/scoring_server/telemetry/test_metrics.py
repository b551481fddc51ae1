import pytest

from scoring_server.telemetry.metrics import Metrics
from scoring_server.telemetry.tally_metrics import ALERTS, DECISION_FIRST, SEVERITY_FIRST


def test_calls_are_counted_by_method_and_code_and_timed():
    metrics = Metrics()
    method = metrics.method("/s/M", ("OK", "INTERNAL"))
    method.succeeded(75_000)
    method.succeeded_together([2_000_000_000, 75_001])
    method.failed("INTERNAL", 1_000)
    read = metrics.registry.get_sample_value
    assert read("anomaly_rpc_requests_total", {"method": "/s/M", "code": "OK"}) == 3
    assert read("anomaly_rpc_requests_total", {"method": "/s/M", "code": "INTERNAL"}) == 1
    assert read("anomaly_rpc_duration_seconds_count", {"method": "/s/M"}) == 4
    total_s = read("anomaly_rpc_duration_seconds_sum", {"method": "/s/M"})
    assert total_s == pytest.approx(2.000151001)
    below_75_us = {"method": "/s/M", "le": "7.5e-05"}
    assert read("anomaly_rpc_duration_seconds_bucket", below_75_us) == 2
    assert read("anomaly_rpc_duration_seconds_bucket", {"method": "/s/M", "le": "1.0"}) == 3
    assert read("anomaly_rpc_duration_seconds_bucket", {"method": "/s/M", "le": "+Inf"}) == 4


def test_gauges_are_read_when_scraped():
    metrics = Metrics()
    values = [1.0]
    metrics.gauge("g", "A gauge.", lambda: values[0])
    metrics.gauges("h", "More.", "part", {"a": lambda: values[0], "b": lambda: 5.0})
    values[0] = 7.0
    read = metrics.registry.get_sample_value
    assert read("g") == 7.0
    assert read("h", {"part": "a"}) == 7.0
    assert read("h", {"part": "b"}) == 5.0


def test_two_servers_in_one_process_do_not_share_metrics():
    first, second = Metrics(), Metrics()
    first.tally.counts[ALERTS] += 1
    assert first.registry.get_sample_value("anomaly_alerts_total") == 1
    assert second.registry.get_sample_value("anomaly_alerts_total") == 0


def test_tally_is_shown_by_name():
    metrics = Metrics()
    metrics.tally.name({1: "APPROVE", 3: "DECLINE"}, {5: "CRITICAL"})
    metrics.tally.counts[DECISION_FIRST + 3] = 4
    metrics.tally.counts[SEVERITY_FIRST + 5] = 6
    read = metrics.registry.get_sample_value
    assert read("anomaly_decisions_total", {"decision": "APPROVE"}) == 0
    assert read("anomaly_decisions_total", {"decision": "DECLINE"}) == 4
    assert read("anomaly_severities_total", {"severity": "CRITICAL"}) == 6
