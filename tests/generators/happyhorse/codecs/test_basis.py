from __future__ import annotations

import pytest
import torch

from generators.happyhorse.codecs.basis import Basis, fit_basis


def _data() -> torch.Tensor:
    """Return data with four strong directions in twelve dimensions, off the origin."""
    generator = torch.Generator().manual_seed(0)
    strengths = torch.tensor([8.0, 4.0, 2.0, 1.0])
    directions: torch.Tensor = torch.linalg.qr(torch.randn(12, 12, generator=generator))[0][:4]
    data: torch.Tensor = (torch.randn(500, 4, generator=generator) * strengths) @ directions + 3
    return data


def test_numbers_have_mean_0_and_variance_1() -> None:
    numbers = fit_basis([_data()], 4).project(_data())
    assert torch.allclose(numbers.mean(0), torch.zeros(4), atol=1e-3)
    assert torch.allclose(numbers.T @ numbers / 500, torch.eye(4), atol=1e-2)


def test_data_of_four_directions_survive_in_four_numbers_and_not_in_three() -> None:
    data, basis = _data(), fit_basis([_data()], 4)
    assert torch.allclose(basis.expand(basis.project(data)), data, atol=1e-3)
    left = (basis.cut(3).expand(basis.cut(3).project(data)) - data).pow(2).sum(1).mean()
    assert left == pytest.approx(float(basis.std[3]) ** 2, rel=0.02)


def test_gains_lie_half_way_in_decibels_between_equal_and_true_strengths() -> None:
    basis = Basis(torch.zeros(4), torch.eye(4), torch.tensor([8.0, 4.0, 2.0, 1.0]))
    gains = basis.gains()
    assert (gains[:-1] / gains[1:]).tolist() == pytest.approx([2**0.5] * 3)
    assert float(gains.square().mean()) == pytest.approx(1)
    assert basis.gains(2).tolist() == pytest.approx([(4 / 2.5) ** 0.5, (1 / 2.5) ** 0.5])


def test_batches_make_no_difference() -> None:
    whole, parts = fit_basis([_data()], 4), fit_basis(torch.chunk(_data(), 5), 4)
    assert torch.allclose(whole.directions, parts.directions, atol=1e-4)


def test_it_agrees_with_a_singular_value_decomposition() -> None:
    data = _data()
    _, values, _ = torch.linalg.svd(data - data.mean(0))
    assert torch.allclose(fit_basis([data], 4).std, values[:4] / 500**0.5, rtol=1e-3)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="rows must be more than the 4 directions; got 3"):
        fit_basis([_data()[:3]], 4)


def test_more_directions_than_there_are_cant_be_had() -> None:
    with pytest.raises(ValueError, match="from 1 to the basis's 4 directions; got 5"):
        fit_basis([_data()], 4).cut(5)


def test_a_file_keeps_it() -> None:
    basis = fit_basis([_data()], 4)
    read = Basis.read(basis.tensors("x"), "x")
    assert torch.allclose(read.project(_data()), basis.project(_data()), atol=0.05)
