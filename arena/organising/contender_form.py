"""The form of a new contender, made of its generator's schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from django.http import QueryDict

from generators.schema import Setting

DESCRIPTION = (
    ("contender", "Slug", "text", "1 to 64 of a-z, 0-9, '-' and '_'. It never changes."),
    ("name", "Name", "text", "What pages show after a vote."),
    ("maker", "Maker", "text", ""),
    ("codename", "Codename", "text", "Withholds name and maker until you reveal them."),
    ("released_on", "Released on", "date", ""),
    ("open_weights", "Open weights", "truth", ""),
    ("price_per_minute_usd", "Price of a minute, in US dollars", "value", ""),
    ("hidden_votes", "Most votes while hidden", "value", "Under the site's cap, for a codename."),
    ("hidden_days", "Most days while hidden", "value", "Under the site's cap, for a codename."),
)
"""Fields that describe a contender: name in a file, label, kind and note."""
PLACE = re.compile(r"form:\d+: (?:contenders\.0\.)?([\w.]+): (.*)", re.DOTALL)
FREE = "settings"
"""Field for the settings of a generator without a schema: JSON."""


class Field(NamedTuple):
    """Field of the form, with what was typed into it."""

    name: str
    label: str
    kind: str
    value: str
    note: str = ""
    allowed: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    is_required: bool = False
    problem: str = ""


class Unreadable(ValueError):
    """Setting that can't be read from what was typed; the message says how to write it."""


def describing_fields(data: QueryDict, problems: Mapping[str, str]) -> list[Field]:
    """Return the fields that describe a contender, filled in with what was sent."""
    return [
        Field(
            name,
            label,
            kind,
            data.get(name, ""),
            note,
            is_required=name in ("contender", "name"),
            problem=problems.get(name, ""),
        )
        for name, label, kind, note in DESCRIPTION
    ]


def setting_fields(
    schema: tuple[Setting, ...] | None, data: QueryDict, problems: Mapping[str, str]
) -> list[Field]:
    """Return a field for each setting, filled in with what was sent, else with its default."""
    if schema is None:
        wrong = problems.get(FREE, "")
        return [Field(FREE, "Settings", "json", data.get(FREE, "{}"), "As a JSON object.", problem=wrong)]
    return [_field(setting, data, problems) for setting in schema]


def _field(setting: Setting, data: QueryDict, problems: Mapping[str, str]) -> Field:
    name = f"set-{setting.name}"
    typed = data.getlist(name) if name in data or data else _typed(setting.default)
    return Field(
        name=name,
        label=setting.name.replace("_", " "),
        kind=setting.kind,
        value=typed[0] if typed else "",
        note=_note(setting),
        allowed=setting.allowed,
        chosen=tuple(typed),
        is_required=setting.is_required,
        problem=problems.get(setting.name, ""),
    )


def _typed(default: object) -> list[str]:
    """Return a default as it would be typed."""
    if isinstance(default, list | tuple):
        return [str(each) for each in default]
    if isinstance(default, Mapping):
        return [json.dumps(default) if default else ""]
    if isinstance(default, bool):
        return [str(default).lower()]
    return ["" if default is None else str(default)]


def _note(setting: Setting) -> str:
    if setting.kind == "mapping":
        return 'A JSON object, such as {"style.safetensors": 0.8}.'
    return "One on each line." if setting.kind == "values" else ""


def read_fields(data: QueryDict, schema: tuple[Setting, ...] | None, generator: str) -> dict[str, object]:
    """Return a contender's fields as its file would have them, without those left empty or at a default.

    Raises:
        Unreadable: a setting is no JSON where it must be.
    """
    fields: dict[str, object] = {"generator": generator}
    for name, _, kind, _ in DESCRIPTION:
        if typed := data.get(name, "").strip():
            fields[name] = _plain(typed) if kind in ("truth", "value") else typed
    fields["settings"] = (
        _read_json(FREE, data.get(FREE, "")) if schema is None else _read_settings(data, schema)
    )
    return fields


def _read_settings(data: QueryDict, schema: tuple[Setting, ...]) -> dict[str, object]:
    read = {setting.name: _read(setting, data) for setting in schema}
    defaults = {setting.name: setting.default for setting in schema}
    return {name: value for name, value in read.items() if value not in (defaults[name], None)}


def _read(setting: Setting, data: QueryDict) -> object:
    """Return what was typed for a setting, or None where nothing was."""
    typed = data.getlist(f"set-{setting.name}")
    if setting.kind == "choices":
        return [each for each in typed if each]
    text = typed[0].strip() if typed else ""
    if setting.kind == "values":
        return text.split()
    if not text:
        return None
    if setting.kind == "mapping":
        return _read_json(setting.name, text)
    return _plain(text) if setting.kind in ("truth", "value") else text


def _plain(text: str) -> object:
    """Return a number, true or false as such, and anything else as text."""
    if re.fullmatch(r"true|false|-?(0|[1-9]\d{0,17})(\.\d+)?", text):
        return json.loads(text)
    return text


def _read_json(name: str, text: str) -> dict[str, object]:
    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        raise Unreadable(f"form:1: {name}: must be a JSON object; {error}.") from error
    if not isinstance(value, dict):
        raise Unreadable(f"form:1: {name}: must be a JSON object, such as {{}}; got {text[:40]}.")
    return value


def problems_by_field(message: str) -> tuple[dict[str, str], list[str]]:
    """Return the problems of a refusal by field, and those that belong to none of the form's own."""
    named: dict[str, str] = {}
    others = []
    known = {name for name, *_ in DESCRIPTION}
    for line in message.splitlines():
        found = PLACE.fullmatch(line)
        if found and found[1] in known:
            named.setdefault(found[1], found[2])
        else:
            others.append(f"{found[1]}: {found[2]}" if found else line)
    return named, others
