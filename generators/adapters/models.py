"""Rows of hosted models: what each can do and costs, read from one dated YAML file per provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from generators.adapters.prices import PriceRule, Unit
from generators.base import Track
from generators.choices import SettingsError
from generators.once import once

FOLDER = Path(__file__).parent / "models"


class Mode(StrEnum):
    """What a clip is made from."""

    T2V = "t2v"
    I2V = "i2v"


Sound = Literal["none", "optional", "always"]
Cancellation = Literal["none", "queued", "any"]


@dataclass(frozen=True)
class Habit:
    """A habit of the provider that a fair comparison does without, such as a watermark."""

    default: bool
    """Whether the provider does it unless told otherwise."""
    without: Mapping[str, Any] | None
    """Fields of the request that switch it off; None where it cannot be switched off."""


@dataclass(frozen=True)
class Model:
    """One model of a provider."""

    id: str
    checked: date
    """Day on which the row was last compared with the provider's documentation."""
    names: Mapping[Mode, str]
    """Provider's own name of the model, or its endpoint, by mode; a mode that is missing is not offered."""
    durations_s: tuple[int, ...]
    resolutions: Mapping[str, int]
    """Shorter side in pixels by the provider's name of the resolution."""
    ratios: tuple[str, ...]
    fps: float | None
    """Frames per second of every clip; None where it is not published."""
    largest_seed: int | None
    """Largest seed that is accepted; None for a model without seeds."""
    sound: Sound
    negative_prompt: bool
    rewriting: Habit
    watermark: Habit
    link_lifetime_h: float | None
    concurrency: int | None
    """Jobs that an account may run at once; None where it depends on the account."""
    cancellation: Cancellation
    price: PriceRule | None
    fields: Mapping[str, str]
    """Spelling of the request where models of one provider differ."""

    @property
    def tracks(self) -> frozenset[Track]:
        """Tracks that the model makes clips for."""
        return frozenset(
            track
            for track in Track
            if (Mode.I2V if track.from_image else Mode.T2V) in self.names
            and not (track.with_sound and self.sound == "none")
        )

    @property
    def switched_off(self) -> dict[str, Any]:
        """Fields that switch prompt rewriting and the watermark off in a request."""
        return {**(self.rewriting.without or {}), **(self.watermark.without or {})}


def find_model(provider: str, model: str) -> Model:
    """Return the row of a provider's model.

    Raises:
        SettingsError: The provider has no such model; the message lists those it has.
    """
    rows = read_models(provider)
    if model not in rows:
        raise SettingsError(
            f"{provider}: 'model' must be one of {', '.join(sorted(rows))}; got {model!r}. "
            "Choose one, or add a row to its data file."
        )
    return rows[model]


@once
def read_models(provider: str) -> dict[str, Model]:
    """Return all rows of a provider's data file by model id.

    Raises:
        SettingsError: There is no such file, or a row lacks a field.
    """
    path = FOLDER / f"{provider}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.yaml")))
        raise SettingsError(f"provider must be one of {known}; got {provider!r}. Choose one of these.")
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    defaults = document.get("defaults", {})
    rows = {}
    for name, row in document["models"].items():
        try:
            rows[name] = _read_row(name, {**defaults, **row})
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"{path.name}, model {name!r}: a field is missing or wrong: {error}."
            ) from error
    return rows


@once
def read_download_domains(provider: str) -> tuple[str, ...]:
    """Return the domains that a provider serves finished clips from."""
    document = yaml.safe_load((FOLDER / f"{provider}.yaml").read_text(encoding="utf-8"))
    return tuple(document["download_domains"])


def _read_row(name: str, row: Mapping[str, Any]) -> Model:
    return Model(
        id=name,
        checked=_read_date(row["checked"]),
        names={Mode(mode): str(each) for mode, each in row["names"].items()},
        durations_s=_read_durations(row["durations_s"]),
        resolutions={str(each): int(pixels) for each, pixels in row["resolutions"].items()},
        ratios=tuple(row["ratios"]),
        fps=row["fps"],
        largest_seed=row["largest_seed"],
        sound=_one_of(row["sound"], Sound),
        negative_prompt=bool(row["negative_prompt"]),
        rewriting=_read_habit(row["rewriting"]),
        watermark=_read_habit(row["watermark"]),
        link_lifetime_h=row["link_lifetime_h"],
        concurrency=row["concurrency"],
        cancellation=_one_of(row["cancellation"], Cancellation),
        price=_read_price(row["price"]),
        fields=dict(row.get("fields", {})),
    )


def _read_durations(value: object) -> tuple[int, ...]:
    """Return whole seconds from a list, or from a range such as `3-15`."""
    if isinstance(value, str):
        first, last = map(int, value.split("-"))
        return tuple(range(first, last + 1))
    if not isinstance(value, list) or not value:
        raise ValueError(f"durations_s must be a list or a range such as 3-15; got {value!r}")
    return tuple(sorted(map(int, value)))


def _read_price(rule: Mapping[str, Any] | None) -> PriceRule | None:
    if rule is None:
        return None
    return PriceRule(
        per=_one_of(rule["per"], Unit),
        usd={str(each): float(price) for each, price in rule["usd"].items()},
        usd_silent={str(each): float(price) for each, price in rule.get("usd_silent", {}).items()},
        checked=_read_date(rule["checked"]),
        source=str(rule["source"]),
    )


def _read_habit(habit: Mapping[str, Any]) -> Habit:
    return Habit(default=habit["default"], without=habit["without"])


def _read_date(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"a date such as 2026-11-22 is needed; got {value!r}")
    return value


def _one_of(value: Any, allowed: Any) -> Any:  # noqa: ANN401 - a member of the Literal that is given
    if value not in get_args(allowed):
        raise ValueError(f"{value!r} must be one of {', '.join(get_args(allowed))}")
    return value
