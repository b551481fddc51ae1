"""How detector scores become a risk, a severity and a decision: the settings of that step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring_server.rules.rule_set import limits_of


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What can be tuned without touching a detector; the configuration checks it.

    Attributes:
        risk_threshold_low: risk score from which severity is LOW; 0 to 100 like the next three.
        risk_threshold_medium: from which it is MEDIUM.
        risk_threshold_high: from which it is HIGH.
        risk_threshold_critical: from which it is CRITICAL.
        alert_threshold: risk score from which an alert is raised.
        review_threshold: from which the decision is REVIEW.
        decline_threshold: from which it is DECLINE.
        weight_statistical: how far the statistical detector is believed, 0 to 1.
        weight_behavioral: likewise.
        weight_ml: likewise; it is trusted as far as its threshold says, so 1.
    """

    risk_threshold_low: float = 20.0
    risk_threshold_medium: float = 50.0
    risk_threshold_high: float = 80.0
    risk_threshold_critical: float = 95.0
    alert_threshold: float = 50.0
    review_threshold: float = 50.0
    decline_threshold: float = 80.0
    weight_statistical: float = 0.9
    weight_behavioral: float = 0.9
    weight_ml: float = 1.0

    def severity_thresholds(self) -> NDArray[np.float64]:
        """Return the four severity thresholds, rising."""
        return np.array(
            [
                self.risk_threshold_low,
                self.risk_threshold_medium,
                self.risk_threshold_high,
                self.risk_threshold_critical,
            ]
        )

    def decision_thresholds(self) -> NDArray[np.float64]:
        """Return the thresholds of REVIEW and DECLINE."""
        return np.array([self.review_threshold, self.decline_threshold])

    def rule_limits(
        self,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return what RuleSet.run takes as its limits."""
        limits = limits_of(self.alert_threshold, self.review_threshold, self.decline_threshold)
        return limits, self.severity_thresholds(), self.decision_thresholds()

    def weights(self) -> NDArray[np.float64]:
        """Return the weights of statistical, behavioral and ml."""
        return np.array([self.weight_statistical, self.weight_behavioral, self.weight_ml])
