from __future__ import annotations

import threading
import weakref

import pytest

from generators.resident_model import ResidentModel


class Model:
    """Stand-in for a loaded model."""


def test_a_model_is_loaded_once_for_its_key() -> None:
    resident = ResidentModel()
    loads: list[Model] = []

    def load() -> Model:
        loads.append(Model())
        return loads[-1]

    for _ in range(3):
        with resident.using("a", load) as model:
            assert model is loads[0]
    assert len(loads) == 1


def test_another_model_takes_the_place_after_the_first_is_gone() -> None:
    resident = ResidentModel()
    with resident.using("a", Model) as first:
        gone = weakref.ref(first)
    del first
    with resident.using("b", lambda: gone()) as found:
        assert found is None  # it was let go before the second was loaded


def test_a_failed_load_leaves_nothing_behind() -> None:
    resident = ResidentModel()

    def fail() -> Model:
        raise OSError("no weights")

    with resident.using("a", Model):
        pass
    with pytest.raises(OSError, match="no weights"), resident.using("b", fail):
        pass
    with resident.using("b", Model) as model:
        assert isinstance(model, Model)


def test_released_models_are_loaded_again() -> None:
    resident = ResidentModel()
    with resident.using("a", Model) as first:
        pass
    resident.release()
    with resident.using("a", Model) as second:
        assert second is not first


def test_two_threads_take_turns() -> None:
    resident, order = ResidentModel(), []
    entered = threading.Event()

    def second() -> None:
        entered.wait(10)
        with resident.using("a", Model):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with resident.using("a", Model):
        entered.set()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
