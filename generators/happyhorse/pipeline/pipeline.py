"""From a request to frames and samples, stage by stage; each stage loads what it needs and lets go of it.

text → image → sound track → denoising → super-resolution → picture → sound
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from generators.happyhorse.network.finite import require_finite
from generators.happyhorse.network.kinds import CheckpointKind, kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.checks import check
from generators.happyhorse.pipeline.components import Components
from generators.happyhorse.pipeline.inputs import fit_image, to_pixels
from generators.happyhorse.pipeline.request import ClipRequest, DecodedClip, Upscale
from generators.happyhorse.pipeline.stages import Progress, Stages, ignore, using_threads
from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.preconditioning import Preconditioned
from generators.happyhorse.sampling.samplers import Velocity, sample_base, sample_distilled
from generators.happyhorse.sampling.super_resolution import sample_super_resolution
from generators.happyhorse.sampling.windows import in_windows


class Pipeline:
    """Makes clips of one set of components."""

    def __init__(self, components: Components) -> None:
        self.parts = components

    def make(self, request: ClipRequest, progress: Progress = ignore) -> DecodedClip:
        """Makes one clip. Equal requests give equal clips on one device.

        Args:
            request: What to make.
            progress: Is told of each stage and step.

        Raises:
            InvalidInput: The request can't be fulfilled; nothing heavy was started.
            Unavailable: A model isn't there.
            NotFinite: A stage came to NaN or infinity.
        """
        self.check(request)
        with using_threads(self.parts.threads):
            return self._make(request, Stages(progress))

    def check(self, request: ClipRequest) -> None:
        """Raises what `make` would raise before it loads any weights."""
        check(self.parts, request)

    def _make(self, request: ClipRequest, stages: Stages) -> DecodedClip:
        noise = Noise(request.seed, device=self.parts.device)
        text = self._encode_text(request, stages)
        require_finite("text", *text)
        image = self._encode_image(request, (request.width, request.height), stages)
        conditioning = Conditioning(image, self._encode_sound(request, stages))
        require_finite("image or sound track", conditioning.first_frame, conditioning.audio)
        latents = self._denoise(request, text, conditioning, noise, stages)
        require_finite("denoising", *latents)
        if request.upscale is not None:
            latents = self._enlarge(request, request.upscale, latents, text[0], noise, stages)
            require_finite("super-resolution", *latents)
        frames = self._decode_video(request, latents, stages)
        samples, rate = self._decode_sound(request, latents, len(frames), stages)
        return DecodedClip(frames, self.parts.fps, samples, rate, stages.seconds)

    def _encode_text(self, request: ClipRequest, stages: Stages) -> list[Tensor]:
        """Features of the prompt, and of the negative prompt if the checkpoint is guided."""
        with stages.stage("text"):
            prompts = [request.prompt]
            if self.parts.kind.sampler == "base":
                prompts.append(cast(str, self.parts.negative_prompt))  # checked
            return [features[None].to(self.parts.device) for features in self.parts.text.encode(*prompts)]

    def _encode_image(self, request: ClipRequest, size: tuple[int, int], stages: Stages) -> Tensor | None:
        if request.image is None:
            return None
        with stages.stage("image"):
            return self.parts.video_encoder().encode(fit_image(request.image, *size)).to(self.parts.device)

    def _encode_sound(self, request: ClipRequest, stages: Stages) -> Tensor | None:
        """One latent for each frame; a longer track is cut, and silence follows where it ends."""
        if request.sound is None:
            return None
        with stages.stage("sound track"):
            count = self.parts.frames(request)
            wanted = -(-(count + 1) * request.sound.rate // self.parts.fps)
            samples = torch.from_numpy(request.sound.samples[:, :wanted])
            samples = torch.nn.functional.pad(samples, (0, wanted - samples.shape[1]))
            drawn = torch.Generator().manual_seed(request.seed)
            latents = self.parts.audio().encode(samples[None], request.sound.rate, drawn)
            return latents[:, :count].to(self.parts.device)

    def _denoise(
        self,
        request: ClipRequest,
        text: list[Tensor],
        conditioning: Conditioning,
        noise: Noise,
        stages: Stages,
    ) -> Latents:
        parts, stride = self.parts, self.parts.spatial_stride
        rows, columns = request.height // stride, request.width // stride
        video = (parts.config.latent_channels, parts.latent_frames(request), rows, columns)
        audio = (self.parts.frames(request), parts.config.audio_in_channels) if request.with_audio else None
        if parts.cascade and audio is not None:
            silent = self._sample(
                "silent picture", text, noise.draw(video, None), noise, conditioning, stages
            )
            conditioning, noise = Conditioning(video=silent.video), Noise(request.seed, device=parts.device)
        return self._sample("denoising", text, noise.draw(video, audio), noise, conditioning, stages)

    def _sample(
        self,
        stage: str,
        text: list[Tensor],
        start: Latents,
        noise: Noise,
        conditioning: Conditioning,
        stages: Stages,
    ) -> Latents:
        how, variances = self.parts.kind, self.parts.variances
        steps = how.steps if self.parts.steps is None else self.parts.steps
        with stages.stage(stage, steps) as on_step, torch.inference_mode():
            model = self.parts.transformer()
            told = [self._velocity(how, model, features) for features in text]
            looks: list[Velocity | Preconditioned] = (
                [*told] if variances is None else [Preconditioned(velocity, variances) for velocity in told]
            )
            if how.sampler == "distilled":
                return sample_distilled(
                    looks[0], start, noise, steps=steps, conditioning=conditioning, on_step=on_step
                )
            conditional, negative = looks
            return sample_base(
                conditional,
                negative,
                start,
                steps=steps,
                conditioning=conditioning,
                guidance=how.guidance,
                on_step=on_step,
            )

    def _enlarge(
        self,
        request: ClipRequest,
        upscale: Upscale,
        base: Latents,
        text: Tensor,
        noise: Noise,
        stages: Stages,
    ) -> Latents:
        stride = self.parts.spatial_stride
        width, height = request.final_size(self.parts.side_multiple)
        first = self._encode_image(request, (width, height), stages)
        with stages.stage("super-resolution", kind(upscale).steps) as on_step, torch.inference_mode():
            velocity = self._velocity(kind(upscale), self.parts.super_resolution[upscale](), text)
            size = height // stride, width // stride
            return sample_super_resolution(velocity, base, size, noise, first_frame=first, on_step=on_step)

    def _velocity(self, how: CheckpointKind, model: HappyHorseTransformer, text: Tensor) -> Velocity:
        parts = self.parts
        return in_windows(how.velocity(model, text), parts.window, parts.overlap, parts.temporal_stride)

    def _decode_video(self, request: ClipRequest, latents: Latents, stages: Stages) -> np.ndarray:
        """At most as many frames as were asked for; up to three fewer where four don't divide them."""
        with stages.stage("picture"):
            decoded = self.parts.video_decoder().decode(latents.video)
            require_finite("picture", decoded)
            frames = to_pixels(decoded)
            wanted = frames[: self.parts.frames(request) - 1]
            return wanted.repeat(request.enlarge, axis=1).repeat(request.enlarge, axis=2)

    def _decode_sound(
        self, request: ClipRequest, latents: Latents, frames: int, stages: Stages
    ) -> tuple[np.ndarray | None, int]:
        """Samples (N, 2) for as long as the frames last: the given sound track, or what was generated."""
        if not request.with_sound or latents.audio is None:
            return None, 0
        if request.sound is not None:
            samples, rate = request.sound.samples, request.sound.rate
        else:
            with stages.stage("sound"):
                codec = self.parts.audio()
                decoded = codec.decode(latents.audio)
                require_finite("sound", decoded)
                samples, rate = decoded[0].float().cpu().numpy(), codec.sample_rate
        count = round(frames * rate / self.parts.fps)
        return np.ascontiguousarray(samples[:, :count].T.clip(-1, 1)), rate
