from __future__ import annotations

import numpy as np
import pytest

from arena.voting.blindness.multinomial import fit

FEATURES = np.repeat([[0.0], [1.0]], 8, axis=0)
LABELS = np.array([0] * 4 + [1] * 2 + [2] * 2 + [0] * 1 + [1] * 1 + [2] * 6)
CLASSES = 3


def test_without_a_penalty_it_gives_the_shares_of_each_group() -> None:
    found = np.exp(fit(FEATURES, LABELS, CLASSES, 0.0).log_probabilities(np.array([[0.0], [1.0]])))
    assert found == pytest.approx(np.array([[4, 2, 2], [1, 1, 6]]) / 8, abs=1e-3)


def test_a_strong_penalty_leaves_the_shares_of_all() -> None:
    found = np.exp(fit(FEATURES, LABELS, CLASSES, 1e6).log_probabilities(np.array([[0.0], [1.0]])))
    assert found == pytest.approx(np.array([[5, 3, 8], [5, 3, 8]]) / 16, abs=1e-3)


def test_at_the_optimum_the_penalty_balances_the_residuals() -> None:
    """Check the condition X^T (p - hit) / N + ridge w = 0 of each penalised weight."""
    ridge = 0.1
    fitted = fit(FEATURES, LABELS, CLASSES, ridge)
    residuals = np.exp(fitted.log_probabilities(FEATURES)) - np.eye(CLASSES)[LABELS]
    assert FEATURES.T @ residuals / len(LABELS) == pytest.approx(-ridge * fitted.weights[1:], abs=1e-4)


def test_it_predicts_the_likeliest_class() -> None:
    assert list(fit(FEATURES, LABELS, CLASSES, 0.0).predict(np.array([[0.0], [1.0]]))) == [0, 2]
