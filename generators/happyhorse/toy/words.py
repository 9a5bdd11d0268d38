"""The toy model's text encoder: an embedding of the toy world's words, learned with the rest."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from generators.toyworld.world.grammar import WORDS, parse

VOCABULARY: tuple[str, ...] = tuple(word for words in WORDS.values() for word in words)
"""The words that say something; the others in a caption only join them."""
_SLOTS = len(WORDS) - 1
"""Words that an object has; the background is the last word of all."""


def tokenise(caption: str) -> tuple[int, ...]:
    """Numbers of the caption's words: six for each object, and one for the background.

    Raises:
        InvalidInput: Names the words outside the grammar, and the grammar.
    """
    scene = parse(caption)
    words = [word for item in scene.objects for word in vars(item).values()]
    return tuple(VOCABULARY.index(word) for word in [*words, scene.background])


class WordEmbedding(nn.Module):
    """Satisfies `TextEncoder`. Each word's vector, plus one for the object that it belongs to.

    The transformer places all text at one point, so that only the second vector can say whose word it is.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(len(VOCABULARY), width)
        self.owners = nn.Embedding(3, width)

    def forward(self, numbers: Tensor) -> Tensor:
        """Numbers (batch, length) from `tokenise` to features (batch, length, width)."""
        owners = torch.arange(numbers.shape[-1], device=numbers.device) // _SLOTS
        features: Tensor = self.words(numbers) + self.owners(owners)
        return features

    def check(self, prompt: str) -> None:
        """Raises InvalidInput where the prompt isn't of the grammar."""
        tokenise(prompt)

    @torch.inference_mode()
    def encode(self, *prompts: str) -> tuple[Tensor, ...]:
        """Features (length, width) of each prompt, float32 on the CPU; none of "", away from which is guided.

        Raises:
            InvalidInput: A prompt isn't of the grammar.
        """
        device = self.words.weight.device
        numbers = (torch.tensor([tokenise(prompt) if prompt else ()], dtype=torch.long) for prompt in prompts)
        return tuple(self(each.to(device))[0].float().cpu() for each in numbers)
