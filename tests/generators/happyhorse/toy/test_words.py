from __future__ import annotations

import pytest
import torch

from generators.base import InvalidInput
from generators.happyhorse.toy.words import VOCABULARY, WordEmbedding, tokenise
from tests.factories_generators import ONE, TWO


def test_a_word_outside_the_grammar_is_named_with_the_grammar() -> None:
    with pytest.raises(InvalidInput, match=r"'horse'.*Say: a \{size\} \{colour\}"):
        WordEmbedding(8).encode("a large red horse bouncing up slowly on a white background")


def test_content_words_become_numbers() -> None:
    words = [VOCABULARY[number] for number in tokenise(TWO)]
    assert words == [
        "large", "yellow", "triangle", "bouncing", "right", "slowly",
        "small", "blue", "square", "gliding", "down-left", "quickly", "charcoal",
    ]  # fmt: skip
    assert len(tokenise(ONE)) == 7


def test_each_word_has_its_number() -> None:
    assert len(set(VOCABULARY)) == len(VOCABULARY) == 27


def test_features_say_whose_word_it_is() -> None:
    torch.manual_seed(0)
    swapped = " and ".join(TWO.removesuffix(" on a charcoal background").split(" and ")[::-1])
    one, other = WordEmbedding(8).encode(TWO, f"{swapped} on a charcoal background")
    assert one.shape == other.shape == (13, 8)
    assert not torch.allclose(one.sum(0), other.sum(0)) or not torch.allclose(
        one.sort(0).values, other.sort(0).values
    )


def test_the_embedding_learns() -> None:
    embedding = WordEmbedding(4)
    embedding(torch.tensor([tokenise(ONE)])).sum().backward()
    assert embedding.words.weight.grad is not None
    assert embedding.words.weight.grad[tokenise(ONE)[0]].tolist() == [1.0] * 4
