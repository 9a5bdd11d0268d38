from __future__ import annotations

import pytest
import torch

from generators.base import InvalidInput
from generators.devices import find_device


def have(monkeypatch: pytest.MonkeyPatch, kind: str | None, count: int = 0) -> None:
    """Pretend that the machine has this many accelerators of a kind."""
    there = None if kind is None else torch.device(kind)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: there)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90", "sm_120", "compute_120"])
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 6))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "an old card")


@pytest.mark.parametrize("name", ["foo", "", "CPU", "cpu:7", "cuda", "cuda:0", "cuda:9", "mps", "meta", "\n"])
def test_refuses_what_this_machine_lacks_and_says_what_it_has(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    have(monkeypatch, None)
    with pytest.raises(InvalidInput, match=r"device must be .* Choose one of: cpu\.$") as raised:
        find_device(name)
    assert f"got {name!r}." in str(raised.value)
    assert "\n" not in str(raised.value)


def test_finds_each_accelerator_by_kind_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "cuda", 2)
    for name in ("cpu", "cuda", "cuda:0", "cuda:1"):
        assert str(find_device(name)) == name
    with pytest.raises(InvalidInput, match=r"Choose one of: cpu, cuda, cuda:0, cuda:1\."):
        find_device("cuda:9")
    with pytest.raises(InvalidInput, match="got 'mps'"):
        find_device("mps")


@pytest.mark.parametrize(
    ("kind", "count", "expected"), [(None, 0, "cpu"), ("cuda", 2, "cuda"), ("mps", 1, "mps")]
)
def test_takes_the_accelerator_by_default(
    monkeypatch: pytest.MonkeyPatch, kind: str | None, count: int, expected: str
) -> None:
    have(monkeypatch, kind, count)
    assert str(find_device()) == expected


@pytest.mark.parametrize("name", ["cuda", "cuda:1", None])
def test_a_card_that_pytorch_has_no_kernels_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    have(monkeypatch, "cuda", 2)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (6, 1))
    with pytest.raises(InvalidInput, match=r"capability of 7\.5 or more, .* got an old card with 6\.1\."):
        find_device(name)


@pytest.mark.parametrize("built", [["sm_90a", "sm_80"], ["gfx90a", "gfx942"], []])
def test_every_way_in_which_builds_name_architectures_is_read(
    monkeypatch: pytest.MonkeyPatch, built: list[str]
) -> None:
    have(monkeypatch, "cuda", 1)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: built)
    assert str(find_device("cuda")) == "cuda"
