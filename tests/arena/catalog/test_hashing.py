from __future__ import annotations

import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.catalog.hashing import canonical_json, content_hash

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_canonical_json_says_all_of_the_content(content: object) -> None:
    assert json.loads(canonical_json(content)) == content


@given(st.dictionaries(st.text(), values, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(content: dict[str, object], random: object) -> None:
    items = list(content.items())
    random.shuffle(items)  # type: ignore[attr-defined]  # Hypothesis declares no public class for it
    assert content_hash(dict(items)) == content_hash(content)


@given(values, values)
def test_other_content_has_another_hash(one: object, other: object) -> None:
    assert (content_hash(one) == content_hash(other)) == (canonical_json(one) == canonical_json(other))


@given(st.lists(st.integers(), min_size=2, unique=True))
def test_the_order_of_a_list_counts(content: list[int]) -> None:
    assert content_hash(content) != content_hash(content[::-1])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_has_no_words_for_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"duration_s": number})


def test_the_form_is_fixed_forever() -> None:
    assert canonical_json({"b": [1, 1.0, True, None], "a": "ü"}) == '{"a":"ü","b":[1,1.0,true,null]}'
    assert content_hash({"a": "ü"}) == hashlib.sha256('{"a":"ü"}'.encode()).hexdigest()
