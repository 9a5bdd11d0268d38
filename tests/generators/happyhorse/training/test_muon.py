from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from generators.happyhorse.training.muon import Muon, orthogonalised

SHAPES = [(12, 12), (12, 40), (40, 12)]


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(orthogonalised(_normal(*shape)))

    assert values.min() > 0.6
    assert values.max() < 1.25


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_vectors_stay(shape: tuple[int, int]) -> None:
    matrix = _normal(*shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    inside = left.T @ orthogonalised(matrix) @ right.T

    assert torch.allclose(inside, torch.diag(inside.diagonal()), atol=1e-4)
    assert (inside.diagonal() > 0).all()


def test_a_gradient_of_nothing_moves_nothing() -> None:
    assert not orthogonalised(torch.zeros(8, 8)).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_steps_are_those_of_torch_but_for_its_bfloat16(shape: tuple[int, int]) -> None:
    ours, theirs = (nn.Parameter(_normal(*shape)) for _ in range(2))
    mine = Muon([ours], lr=0.05, momentum=0.9, weight_decay=0.1)
    peer = torch.optim.Muon([theirs], lr=0.05, momentum=0.9, weight_decay=0.1, adjust_lr_fn="original")
    for seed in range(3):
        ours.grad = theirs.grad = _normal(*shape, seed=1 + seed)
        mine.step()
        peer.step()  # type: ignore[no-untyped-call]  # torch's is untyped

    moved = (theirs - _normal(*shape)).norm()
    assert (ours - theirs).norm() < 0.03 * moved


def test_a_matrix_without_a_gradient_stays() -> None:
    matrix = nn.Parameter(_normal(9, 9))
    Muon([matrix], lr=1.0).step()

    assert torch.equal(matrix, _normal(9, 9))


def test_a_state_of_torch_can_be_continued() -> None:
    """Runs whose state was saved with PyTorch's own optimiser go on."""
    matrix = nn.Parameter(_normal(9, 12))
    theirs = torch.optim.Muon([matrix], lr=0.05)
    matrix.grad = _normal(9, 12, seed=1)
    theirs.step()  # type: ignore[no-untyped-call]  # torch's is untyped
    before = matrix.detach().clone()

    ours = Muon([matrix], lr=1.0)
    ours.load_state_dict(theirs.state_dict())
    ours.step()

    assert not torch.equal(matrix, before)
    assert ours.param_groups[0]["lr"] == 0.05
