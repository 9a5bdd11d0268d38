"""JSON in the canonical form of RFC 8785: equal values give equal bytes in every language.

A. Rundgren, B. Jordan, S. Erdtman, "JSON Canonicalization Scheme (JCS)", RFC 8785 (2020).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal

LARGEST_INTEGER = 2**53 - 1
"""Largest integer that a number of JSON, a double, holds together with its neighbours."""
MOST_DIGITS = 21
"""Digits before the point from which ECMAScript writes an exponent."""
MOST_ZEROS = 6
"""Zeros after the point from which ECMAScript writes an exponent."""


def canonical_bytes(value: object) -> bytes:
    """Write a value of JSON in its canonical form, as UTF-8.

    Raises:
        ValueError: the value holds a number that a double cannot hold, or text that is not Unicode.
        TypeError: the value holds something that is not of JSON, or a key that is not text.
    """
    try:
        return _text(value).encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Text must be valid Unicode; got {error.object!r}. Remove lone surrogates."
        ) from None


def _text(value: object) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text, value))}]"
    raise TypeError(f"A value must be of JSON; got {type(value).__name__}. Convert it first.")


def _object(members: Mapping[object, object]) -> str:
    for name in members:
        if not isinstance(name, str):
            raise TypeError(f"A key must be text; got {name!r}. Convert it first.")
    ordered = sorted(members.items(), key=lambda member: _code_units(str(member[0])))
    return f"{{{','.join(f'{_text(name)}:{_text(value)}' for name, value in ordered)}}}"


def _code_units(name: str) -> bytes:
    """Return the UTF-16 code units by which RFC 8785, section 3.2.3, sorts keys."""
    return name.encode("utf-16-be", "surrogatepass")


def _integer(value: int) -> str:
    if abs(value) > LARGEST_INTEGER:
        raise ValueError(f"An integer must be at most 2^53 - 1 in size; got {value}. Write it as text.")
    return str(value)


def number_text(value: float) -> str:
    """Write a double as ECMAScript's `Number::toString` does (ECMA-262, section 6.1.6.1.20).

    Raises:
        ValueError: the number is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"A number must be finite; got {value}. Write null in its place.")
    if value == 0:
        return "0"
    # repr gives the fewest digits that read back as the same double, as ECMAScript demands.
    sign, digits, exponent = Decimal(float.__repr__(value)).normalize().as_tuple()
    point = len(digits) + int(exponent)
    return ("-" if sign else "") + _placed("".join(map(str, digits)), point)


def _placed(digits: str, point: int) -> str:
    """Place the decimal point after so many digits, or write an exponent."""
    if len(digits) <= point <= MOST_DIGITS:
        return digits + "0" * (point - len(digits))
    if 0 < point <= MOST_DIGITS:
        return f"{digits[:point]}.{digits[point:]}"
    if -MOST_ZEROS < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"
