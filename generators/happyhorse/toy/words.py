"""Text encoder of the toy model: an embedding of the toy world's words, trained with the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from generators.toyworld.world.grammar import WORDS, parse

VOCABULARY: tuple[str, ...] = tuple(word for words in WORDS.values() for word in words)
"""Words with a meaning of their own; the other words of a caption only join them."""
_SLOTS = len(WORDS) - 1
"""Number of an object's words; the background is the last word of a caption."""


def tokenise(caption: str) -> tuple[int, ...]:
    """Return the numbers of a caption's words: six for each object, and one for the background.

    Raises:
        InvalidInput: The caption isn't in the grammar; the message names the wrong words.
    """
    scene = parse(caption)
    words = [word for item in scene.objects for word in vars(item).values()]
    return tuple(VOCABULARY.index(word) for word in [*words, scene.background])


class WordEmbedding(nn.Module):
    """Text encoder that adds to each word's vector one for the object that the word belongs to.

    The transformer places all text at one point, so that only the second vector says whose word it is.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(len(VOCABULARY), width)
        self.owners = nn.Embedding(3, width)

    def forward(self, numbers: Tensor) -> Tensor:
        """Turn numbers (batch, length) from `tokenise` into features (batch, length, width)."""
        owners = torch.arange(numbers.shape[-1], device=numbers.device) // _SLOTS
        features: Tensor = self.words(numbers) + self.owners(owners)
        return features

    def check(self, prompt: str) -> None:
        """Raise InvalidInput if the prompt isn't in the grammar."""
        tokenise(prompt)

    @torch.inference_mode()
    def encode(self, *prompts: str) -> tuple[Tensor, ...]:
        """Return features (length, width) of each prompt, float32 on the CPU.

        The unconditional prompt "" has length 0.

        Raises:
            InvalidInput: A prompt isn't in the grammar.
        """
        device = self.words.weight.device
        numbers = (torch.tensor([tokenise(prompt) if prompt else ()], dtype=torch.long) for prompt in prompts)
        return tuple(self(each.to(device))[0].float().cpu() for each in numbers)
