from scoring_server import catalogue
from scoring_server.detectors.reasons import (
    DETECTOR_BEHAVIORAL,
    DETECTOR_ML,
    DETECTOR_STATISTICAL,
    REASONS,
)
from scoring_server.kernels import evidence
from scoring_server.kernels.dtypes import EVIDENCE_COUNT


def test_reason_table_has_the_order_of_the_kernels_constants():
    for index, kind in enumerate(REASONS):
        assert getattr(evidence, kind.code) == index, kind.code
    assert len(REASONS) == evidence.MODEL_SCORE + 1 <= EVIDENCE_COUNT


def test_detectors_own_the_ranges_that_the_kernel_sums():
    for index, kind in enumerate(REASONS):
        if index < evidence.STATISTICAL_FIRST:
            assert kind.detector == DETECTOR_BEHAVIORAL
        elif index < evidence.MODEL_SCORE:
            assert kind.detector == DETECTOR_STATISTICAL
        else:
            assert kind.detector == DETECTOR_ML


def test_reasons_name_features_of_the_catalogue():
    assert {kind.feature for kind in REASONS} <= {*catalogue.FEATURE_NAMES, ""}


def test_catalogue_has_the_columns_of_the_record_in_order():
    assert catalogue.record_columns() == catalogue.FEATURE_NAMES
    assert len(set(catalogue.FEATURE_NAMES)) == catalogue.FEATURE_COUNT
