"""Multinomial logistic regression with a ridge penalty, fitted by L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Classifier:
    """Fitted weights: intercepts in the first row; shape (features + 1, classes)."""

    weights: Matrix

    def log_probabilities(self, features: Matrix) -> Matrix:
        """Return the log-probability of each class, shape (N, classes)."""
        scores: Matrix = log_softmax(self.weights[0] + features @ self.weights[1:], axis=1)
        return scores

    def predict(self, features: Matrix) -> Labels:
        """Return the likeliest class of each row, shape (N,)."""
        likeliest: Labels = np.argmax(self.log_probabilities(features), axis=1)
        return likeliest


def fit(features: Matrix, labels: Labels, classes: int, ridge: float) -> Classifier:
    """Return the classifier that minimises the mean log-loss plus `ridge` / 2 times the squared weights.

    Intercepts are not penalised.

    Args:
        features: shape (N, features).
        labels: classes from 0, shape (N,).
        classes: number of classes.
        ridge: strength of the penalty, at least 0.

    Raises:
        RuntimeError: the fit did not converge.
    """
    shape = (features.shape[1] + 1, classes)
    design = np.column_stack([np.ones(len(features)), features])
    hits = np.eye(classes)[labels]
    penalty = np.full(shape, ridge)
    penalty[0] = 0

    # loss = -mean log p(label) + ridge/2 |w|^2; gradient = X^T (p - hit) / N + ridge w
    def loss(flat: Matrix) -> tuple[float, Matrix]:
        weights = flat.reshape(shape)
        logs = log_softmax(design @ weights, axis=1)
        value = -(logs * hits).sum() / len(hits) + (penalty * weights**2).sum() / 2
        slope = design.T @ (np.exp(logs) - hits) / len(hits) + penalty * weights
        return float(value), slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    if not found.success:
        raise RuntimeError(f"The classifier must converge; got: {found.message}. Raise the ridge penalty.")
    return Classifier(found.x.reshape(shape))
