from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generators.free_memory import free_bytes, free_main_memory

GIB = 2**30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(f"MemTotal: {64 * 2**20} kB\nMemAvailable:   {32 * 2**20} kB\n")
    return tmp_path


def group(root: Path, path: str, limit: object, usage: int = 0, cache: int = 0, version: int = 2) -> None:
    """Return a control group at a path of the mount."""
    names = ("memory.max", "memory.current", "inactive_file")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    folder = root / "sys/fs/cgroup" / path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cache}\n")


def own(root: Path, lines: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(lines)


def test_without_control_groups_it_is_what_the_machine_has_left(root: Path) -> None:
    assert free_main_memory(root) == 32 * GIB


def test_a_limit_of_the_container_counts_less_what_it_uses(root: Path) -> None:
    own(root, "0::/\n")
    group(root, "", 4 * GIB, usage=GIB)
    assert free_main_memory(root) == 3 * GIB


def test_what_only_caches_files_is_free(root: Path) -> None:
    own(root, "0::/\n")
    group(root, "", 4 * GIB, usage=3 * GIB, cache=2 * GIB)
    assert free_main_memory(root) == 3 * GIB


def test_the_tightest_group_on_the_way_to_the_root_counts(root: Path) -> None:
    own(root, "0::/kubepods/pod7/box\n")
    group(root, "kubepods/pod7/box", "max", usage=GIB)
    group(root, "kubepods/pod7", 8 * GIB, usage=6 * GIB)
    group(root, "kubepods", 16 * GIB, usage=7 * GIB)
    assert free_main_memory(root) == 2 * GIB


def test_no_limit_at_all_leaves_the_machines(root: Path) -> None:
    own(root, "0::/user.slice\n")
    group(root, "user.slice", "max", usage=GIB)
    assert free_main_memory(root) == 32 * GIB


def test_a_limit_above_what_the_machine_has_left_changes_nothing(root: Path) -> None:
    own(root, "0::/\n")
    group(root, "", 500 * GIB)
    assert free_main_memory(root) == 32 * GIB


def test_the_first_version_is_read_from_its_own_mount(root: Path) -> None:
    own(root, "11:cpu,cpuacct:/box\n7:memory:/box\n1:name=systemd:/box\n0::/box\n")
    group(root, "memory/box", 2 * GIB, usage=GIB, cache=GIB // 2, version=1)
    group(root, "memory", 9223372036854771712, version=1)
    assert free_main_memory(root) == 3 * GIB // 2


def test_a_container_that_is_told_its_path_outside_finds_its_group_at_the_mount(root: Path) -> None:
    own(root, "7:memory:/docker/0123abc\n")
    group(root, "memory", GIB, usage=GIB // 4, version=1)
    assert free_main_memory(root) == 3 * GIB // 4


def test_a_group_beyond_its_limit_leaves_nothing(root: Path) -> None:
    own(root, "0::/\n")
    group(root, "", GIB, usage=2 * GIB)
    assert free_main_memory(root) == 0


def test_nothing_is_said_where_nothing_is_told(tmp_path: Path) -> None:
    assert free_main_memory(tmp_path) is None


def test_the_cpu_is_asked_of_main_memory_and_an_unknown_device_not_at_all() -> None:
    assert free_bytes(torch.device("meta")) is None
    there = free_bytes(torch.device("cpu"))
    assert there is None or there > 0
