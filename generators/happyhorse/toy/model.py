"""Toy HappyHorse: the transformer with an embedding of the toy world's words, and its files."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from generators.happyhorse.codecs.weights import WeightsError, fill, read_weights
from generators.happyhorse.network.config import HappyHorseConfig, size
from generators.happyhorse.network.kinds import CheckpointKind, Guidance
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.sampling.preconditioning import Preconditioned, Variances
from generators.happyhorse.sampling.samplers import Velocity
from generators.happyhorse.toy.words import WordEmbedding
from generators.replacing import replacing

TOY = size("toy")
BASE = CheckpointKind("toy-base", "base", 32, "base", lines=64, guidance=Guidance(2.0, 2.0, 2.0))
"""Kind of the weights trained by flow matching, with guidance away from the empty prompt."""


def distilled_kind(steps: int) -> CheckpointKind:
    """Return the kind of weights distilled to a number of steps, which takes no guidance."""
    return replace(BASE, name=f"toy-{steps}step", sampler="distilled", steps=steps)


class ToyModel(nn.Module):
    """Network whose output F is the one defined in `preconditioning`.

    A fresh network's output is 0, so that the Wiener estimate stands.

    Args:
        config: Sizes of the transformer.
        variances: Variances of its codecs' latents; 1 for each channel by default.
    """

    video_variance: Tensor
    audio_variance: Tensor

    def __init__(self, config: HappyHorseConfig = TOY, variances: Variances | None = None) -> None:
        super().__init__()
        self.transformer = HappyHorseTransformer(config)
        self.words = WordEmbedding(config.text_in_channels)
        nn.init.zeros_(self.transformer.final_linear_video.weight)
        nn.init.zeros_(self.transformer.final_linear_audio.weight)
        if variances is None:
            variances = Variances(torch.ones(config.latent_channels), torch.ones(config.audio_in_channels))
        self.register_buffer("video_variance", variances.video.flatten().clone())
        self.register_buffer("audio_variance", variances.audio.clone())

    @property
    def variances(self) -> Variances:
        """Variances of clean latents."""
        return Variances(self.video_variance.reshape(-1, 1, 1, 1), self.audio_variance)

    @property
    def config(self) -> HappyHorseConfig:
        """Sizes of the transformer."""
        return self.transformer.config

    def forward(self, video: Tensor, audio: Tensor | None, words: Tensor | None) -> tuple[Tensor, ...]:
        """Return F of video and, unless it is None, of audio, in their shapes.

        Args:
            video: (B, C, T, H, W).
            audio: (B, A, channels), or None to leave audio out of the sequence.
            words: (B, L) from `tokenise`, or None for no text at all.
        """
        text = video.new_zeros(len(video), 0, self.config.text_in_channels)
        seen, heard = self.transformer(video, audio, text if words is None else self.words(words))
        return (seen,) if heard is None else (seen, heard)

    def bound(self, words: Tensor | None) -> Preconditioned:
        """Bind the text, words (B, L) or None for no text; return the network that samplers call."""
        network: Velocity = lambda video, audio: _pair(self(video, audio, words))  # noqa: E731
        return Preconditioned(network, self.variances)


def save_model(model: ToyModel, kind: CheckpointKind, path: Path, **notes: object) -> None:
    """Write a network with its sizes, its kind, and notes such as seeds; replace an earlier file."""
    head = {"config": asdict(model.config), "kind": asdict(kind), "notes": notes}
    tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in model.state_dict().items()}
    with replacing(path) as draft:
        save_file(tensors, draft, metadata={"happyhorse": json.dumps(head)})


def load_model(path: Path, device: torch.device | str = "cpu") -> tuple[ToyModel, CheckpointKind]:
    """Read a file that `save_model` wrote: the network, in float32, and its kind.

    Raises:
        WeightsError: The file is missing or damaged, or holds another network.
    """
    tensors = read_weights(path, device)
    with safe_open(path, framework="pt") as file:
        described = (file.metadata() or {}).get("happyhorse")
    if described is None:
        raise WeightsError(
            f"{path} must be a toy HappyHorse; got weights without size and kind. "
            "Use a file that `train` or `distill` wrote."
        )
    head = json.loads(described)
    kind = {**head["kind"], "guidance": Guidance(**head["kind"]["guidance"])}
    model = ToyModel(HappyHorseConfig.from_public(head["config"])).to(device)
    fill(model, {key: tensor.float() for key, tensor in tensors.items()}, path)
    return model.eval(), CheckpointKind(**kind)


def _pair(found: tuple[Tensor, ...]) -> tuple[Tensor, Tensor | None]:
    return found[0], found[1] if len(found) > 1 else None
