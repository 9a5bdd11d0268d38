from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.subject import rate_frame
from analysis.tables.modes import _weights, joint_votes, only_mode, split
from tests.factories_frames import draw_modes as draw


@pytest.mark.slow
def test_weights_of_picture_and_sound_are_found() -> None:
    found = []
    for seed in range(12):
        frame = draw(seed)
        found.append(split(rate_frame(only_mode(frame, "joint")), frame))
    pictures, sounds = np.array([each.picture for each in found]), np.array([each.sound for each in found])
    assert pictures[:, 0].mean() == pytest.approx(0.7, abs=0.04)
    assert sounds[:, 0].mean() == pytest.approx(0.4, abs=0.04)
    covered = (pictures[:, 1] <= 0.7) & (pictures[:, 2] >= 0.7)
    assert covered.sum() >= 9
    assert np.mean([each.explained for each in found]) > 0.9


def test_without_errors_the_weights_are_those_of_least_squares() -> None:
    ratings = np.random.default_rng(2).normal(size=(3, 1, 9))
    ratings -= ratings.mean(axis=2, keepdims=True)
    weights, explained = _weights(ratings, np.zeros(3))
    fitted = sm.OLS(ratings[2, 0], ratings[:2, 0].T).fit()
    assert weights[0] == pytest.approx(fitted.params)
    assert explained[0] == pytest.approx(fitted.rsquared)


def test_ratings_are_those_of_each_mode() -> None:
    frame = draw(1)
    found = split(rate_frame(only_mode(frame, "joint")), frame)
    mute = {row.contender: row.rating for row in rate_frame(frame[frame["mode"] == "mute"]).board.rows}
    assert found.ratings["mute"].tolist() == [mute[name] for name in found.ratings["contender"]]


def test_a_missing_mode_is_named() -> None:
    frame = draw(1)
    frame = frame[frame["mode"] != "mute"]
    with pytest.raises(ValueError, match="mode 'mute'; the file has: joint, sound"):
        split(rate_frame(only_mode(frame, "joint")), frame)


def test_few_contenders_are_refused() -> None:
    frame = draw(1, contenders=3)
    with pytest.raises(ValueError, match="4 contenders"):
        split(rate_frame(only_mode(frame, "joint")), frame)


def test_joint_votes_are_chosen_where_there_are_modes() -> None:
    frame = draw(1)
    assert set(joint_votes(frame)["mode"]) == {"joint"}
    assert len(joint_votes(frame[frame["mode"] == "mute"])) == 1500
    assert len(joint_votes(frame.assign(mode="anonymous"))) == len(frame)
    with pytest.raises(ValueError, match="must come with joint ones"):
        joint_votes(frame[frame["mode"] != "joint"])
