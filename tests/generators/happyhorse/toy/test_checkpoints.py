from __future__ import annotations

from generators.happyhorse.toy.checkpoints import STUDENTS, WEIGHTS, weights_file


def test_weights_are_small_and_each_student_has_its_own() -> None:
    files = [weights_file("base", None), *(weights_file("distilled", steps) for steps in STUDENTS)]
    assert len(set(files)) == 1 + len(STUDENTS)
    assert all(0 < file.stat().st_size <= 20_000_000 for file in files)
    assert weights_file("distilled", None) == weights_file("distilled", 5) == WEIGHTS / "8step.safetensors"
