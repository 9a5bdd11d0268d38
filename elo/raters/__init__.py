"""Raters: their reliability, severity, agreement with each other and consistency with themselves."""

from __future__ import annotations

from elo.raters.agreement import Agreement, agreement, alpha
from elo.raters.consistency import Consistency, RaterConsistency, Share, consistency
from elo.raters.reliability import ContenderSensitivity, RaterReliability, Reliability, reliability
from elo.raters.severity import RaterSeverity, Severity, severity

__all__ = [
    "Agreement",
    "Consistency",
    "ContenderSensitivity",
    "RaterConsistency",
    "RaterReliability",
    "RaterSeverity",
    "Reliability",
    "Severity",
    "Share",
    "agreement",
    "alpha",
    "consistency",
    "reliability",
    "severity",
]
