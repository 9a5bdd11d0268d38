"""How a joint preference splits into picture and sound, from votes on clips mute, by sound alone, and joint.

Least squares with errors in the regressors, corrected by their variances: W. A. Fuller, "Measurement Error
Models" (1987), section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.subject import Subject, rate_frame
from elo.arrays import Floats

if TYPE_CHECKING:
    import pandas as pd

COLUMN = "mode"
"""Column of the file that says how the clips were shown."""
MUTE, SOUND, JOINT = MODES = ("mute", "sound", "joint")
SYNONYMS = {"muted": MUTE, "sound-only": SOUND, "sound_only": SOUND, "both": JOINT}
LEAST = 4
"""Contenders that the split needs: two weights and a mean leave one degree of freedom."""
DRAWS = 4000


@dataclass(frozen=True, eq=False)
class Split:
    """Weights of picture and sound in the joint ratings, with percentile limits."""

    picture: tuple[float, float, float]
    """Points of joint rating for one point of rating mute: estimate, lower, upper."""
    sound: tuple[float, float, float]
    """Points of joint rating for one point of rating by sound alone: estimate, lower, upper."""
    explained: float
    """Share of the variance of joint ratings that the two explain, at most 1."""
    ratings: pd.DataFrame
    """One row for each contender: `joint`, `mute` and `sound` ratings with `_lower` and `_upper`."""


def only_mode(frame: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Return the rows of one mode.

    Raises:
        ValueError: the file has no column of modes, or no votes of this one.
    """
    if COLUMN not in frame.columns:
        raise ValueError(
            f"The split needs votes with a column {COLUMN!r} of {', '.join(MODES)}; there is none."
        )
    words = _words(frame)
    if not (words == mode).any():
        known = ", ".join(sorted(words.unique()))
        raise ValueError(f"The split needs votes of mode {mode!r}; the file has: {known}.")
    return frame[words == mode]


def joint_votes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the joint votes of a file with modes; all votes of a file without.

    Raises:
        ValueError: the votes are of several modes, and none is joint.
    """
    known = set(_words(frame)) & set(MODES) if COLUMN in frame.columns else set()
    if JOINT in known:
        return only_mode(frame, JOINT)
    if len(known) > 1:
        raise ValueError(
            "Votes of the modes mute and sound must come with joint ones. Keep those of one mode."
        )
    return frame


def _words(frame: pd.DataFrame) -> pd.Series[str]:
    return frame[COLUMN].astype(str).str.lower().replace(SYNONYMS)


def split(subject: Subject, frame: pd.DataFrame) -> Split:
    """Split joint ratings into a part of the picture and a part of the sound.

    joint = w_picture mute + w_sound sound + rest, over contenders, about the means. The modes' errors are
    taken as independent of each other. Limits are percentiles of draws of all three ratings from their
    distributions.

    Args:
        subject: the rated joint votes.
        frame: votes of all modes.

    Raises:
        ValueError: a mode is missing, fewer than four contenders are rated in all three, or the ratings are
            too uncertain to tell picture from sound.
        NotIdentified: no two contenders have finite ratings in a mode.
    """
    parts = {JOINT: subject} | {
        mode: rate_frame(only_mode(frame, mode), scale=subject.scale, level=subject.level, seed=subject.seed)
        for mode in (MUTE, SOUND)
    }
    names = [name for name in subject.names if all(name in part.names for part in parts.values())]
    if len(names) < LEAST:
        raise ValueError(
            f"The split needs {LEAST} contenders rated in all three modes; there are {len(names)}."
        )
    means, covariances = zip(*(_centred(parts[mode], names) for mode in MODES), strict=True)
    weights, explained = _weights(
        np.stack(means)[:, None], np.array([np.trace(each) for each in covariances])
    )
    rng = np.random.default_rng(subject.seed)
    drawn = np.stack(
        [
            rng.multivariate_normal(mean, each, DRAWS, method="eigh")
            for mean, each in zip(means, covariances, strict=True)
        ]
    )
    # A draw about an estimate has the errors of both, hence twice the variance.
    redrawn, _ = _weights(drawn, 2 * np.array([np.trace(each) for each in covariances]))
    tail = (1 - subject.level) / 2
    limits = np.nanquantile(redrawn, [tail, 1 - tail], axis=0)
    picture, sound = ((float(weights[0, i]), float(limits[0, i]), float(limits[1, i])) for i in range(2))
    return Split(picture, sound, float(min(explained[0], 1.0)), _ratings(parts, names))


def _centred(part: Subject, names: list[str]) -> tuple[Floats, Floats]:
    """Return ratings about their mean, shape (K,), in points, and their covariance, shape (K, K)."""
    place = [part.ratings.contenders.index(name) for name in names]
    centre = np.eye(len(names)) - 1 / len(names)
    covariance = part.scale**2 * part.ratings.covariance[np.ix_(place, place)]
    return centre @ (part.scale * part.ratings.strengths[place]), centre @ covariance @ centre


def _weights(ratings: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Solve for the weights of picture and sound, shape (n, 2), and the share explained, shape (n,).

    Args:
        ratings: shape (3, n, K), mute, sound and joint ratings about their means.
        noise: shape (3,), total variance of the errors of each.

    Raises:
        ValueError: no set of ratings tells picture from sound.
    """
    products = np.einsum("ink,jnk->nij", ratings, ratings) - np.diag(noise)
    among, across = products[:, :2, :2], products[:, :2, 2]
    usable = (np.linalg.eigvalsh(among) > 0).all(axis=1) & (products[:, 2, 2] > 0)
    if not usable.any():
        raise ValueError("The ratings mute and by sound alone are too uncertain to tell picture from sound.")
    weights, explained = np.full((len(products), 2), np.nan), np.full(len(products), np.nan)
    weights[usable] = np.linalg.solve(among[usable], across[usable][..., None])[..., 0]
    explained[usable] = (weights[usable] * across[usable]).sum(axis=1) / products[usable, 2, 2]
    return weights, explained


def _ratings(parts: dict[str, Subject], names: list[str]) -> pd.DataFrame:
    import pandas as pd  # the web process loads this package and needs no pandas

    frame = pd.DataFrame({"contender": names})
    for mode, part in parts.items():
        rows = {row.contender: row for row in part.board.rows}
        for field, suffix in (("rating", ""), ("lower", "_lower"), ("upper", "_upper")):
            frame[f"{mode}{suffix}"] = [getattr(rows[name], field) for name in names]
    return frame
