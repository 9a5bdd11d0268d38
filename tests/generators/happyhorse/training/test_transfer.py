from __future__ import annotations

from dataclasses import replace

import torch

from generators.happyhorse.sampling.preconditioning import Variances
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.transfer import transferred
from tests.factories_training import SMALL

WIDER = replace(SMALL, audio_in_channels=SMALL.audio_in_channels + 4)
VARIANCES = Variances(
    torch.full((SMALL.latent_channels, 1, 1, 1), 2.0), torch.full((WIDER.audio_in_channels,), 3.0)
)


def test_layers_of_the_same_size_are_the_models_and_others_start_afresh() -> None:
    torch.manual_seed(1)
    model = ToyModel(SMALL)
    torch.nn.init.ones_(model.transformer.final_linear_video.weight)
    torch.nn.init.ones_(model.transformer.final_linear_audio.weight)

    moved = transferred(model, WIDER, VARIANCES)

    other = {
        name
        for name, parameter in moved.named_parameters()
        if parameter.shape != model.state_dict()[name].shape
    }
    assert moved.config == WIDER
    assert {name.split(".")[-2] for name in other} == {"audio_embedder", "final_linear_audio"}
    for name, parameter in moved.named_parameters():
        assert name in other or parameter.equal(model.state_dict()[name])
    assert not moved.transformer.final_linear_audio.weight.any()


def test_the_variances_are_those_of_the_new_codecs() -> None:
    moved = transferred(ToyModel(SMALL), WIDER, VARIANCES)

    assert moved.variances.video.equal(VARIANCES.video)
    assert moved.variances.audio.equal(VARIANCES.audio)
