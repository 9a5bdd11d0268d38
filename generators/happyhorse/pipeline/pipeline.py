"""From a request to frames and samples, stage by stage; each stage loads its part and lets go of it.

text → image → sound track → denoising → super-resolution → picture → sound
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.network.finite import require_finite
from generators.happyhorse.network.kinds import CheckpointKind, kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.batches import Text, encode_track, join_text
from generators.happyhorse.pipeline.checks import check
from generators.happyhorse.pipeline.inputs import fit_image, to_pixels
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.request import ClipRequest, DecodedClip, Upscale
from generators.happyhorse.pipeline.stages import Progress, Stages, ignore, load_outside, using_threads
from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.preconditioning import Preconditioned
from generators.happyhorse.sampling.samplers import Velocity, sample_base, sample_distilled
from generators.happyhorse.sampling.super_resolution import sample_super_resolution
from generators.happyhorse.sampling.windows import in_windows


class Pipeline:
    """Maker of clips with one model's parts."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def make(self, request: ClipRequest, progress: Progress = ignore) -> DecodedClip:
        """Make one clip. Equal requests give equal clips on one device.

        Args:
            request: What to make.
            progress: Called at each stage and step.

        Raises:
            InvalidInput: The model makes no such clip; no weights were loaded.
            Unavailable: A part isn't there.
            NotFinite: A stage's result holds NaN or infinity.
        """
        (clip,) = self.make_together([request], progress)
        return clip

    def make_together(
        self, requests: Sequence[ClipRequest], progress: Progress = ignore
    ) -> list[DecodedClip]:
        """Make clips of equal shape in one batch; each is what it is alone, up to rounding.

        Args:
            requests: What to make, with equal `shape`.
            progress: Called at each stage and step.

        Raises:
            InvalidInput: The model makes no such clip, or shapes differ; no weights were loaded.
            Unavailable: A part isn't there.
            NotFinite: A stage's result holds NaN or infinity.
        """
        if len({request.shape for request in requests}) != 1:
            raise InvalidInput("Clips that are made together must have one shape; got several, or no clip.")
        for request in requests:
            self.check(request)
        with using_threads(self.parts.threads):
            seeds = [request.seed for request in requests]
            noise = Noise(*seeds, device=self.parts.device)
            return _Making(self.parts, tuple(requests), noise, Stages(progress)).run()

    def check(self, request: ClipRequest) -> None:
        """Raise what `make` would raise before it loads any weights."""
        check(self.parts, request)


@dataclass(frozen=True)
class _Making:
    """Clips of equal shape while they are made."""

    parts: Parts
    requests: tuple[ClipRequest, ...]
    noise: Noise
    stages: Stages

    @property
    def request(self) -> ClipRequest:
        """One of the requests, for their shape."""
        return self.requests[0]

    def run(self) -> list[DecodedClip]:
        """Run all stages."""
        request = self.request
        text = self._encode_text()
        require_finite("text", *(features for features, _ in text))
        image = self._encode_images(request.width, request.height)
        conditioning = Conditioning(image, self._encode_sound())
        require_finite("image or sound track", conditioning.first_frame, conditioning.audio)
        latents = self._denoise(text, conditioning)
        require_finite("denoising", *latents)
        if request.upscale is not None:
            latents = self._enlarge(request.upscale, latents, text[0])
            require_finite("super-resolution", *latents)
        films = [self._decode_video(Latents(video, None)) for video in latents.video[:, None].unbind()]
        tracks = self._decode_sounds(latents, len(films[0]))
        seconds = {stage: taken / len(films) for stage, taken in self.stages.seconds.items()}
        return [
            DecodedClip(frames, self.parts.limits.fps, samples, rate, seconds)
            for frames, (samples, rate) in zip(films, tracks, strict=True)
        ]

    def _encode_text(self) -> list[Text]:
        """Encode the prompts, and the negative one for a guided checkpoint."""
        with self.stages.stage("text"):
            prompts = [request.prompt for request in self.requests]
            if self.parts.kind.sampler == "base":
                negative = cast(str, self.parts.negative_prompt)  # checked
                *own, none = self.parts.text.encode(*prompts, negative)
                return [join_text(own, self.parts.device), join_text([none] * len(own), self.parts.device)]
            return [join_text(self.parts.text.encode(*prompts), self.parts.device)]

    def _encode_images(self, width: int, height: int) -> Tensor | None:
        """Encode the reference images at a size in pixels: latents (B, C, 1, H, W)."""
        images = [request.image for request in self.requests if request.image is not None]
        if not images:
            return None
        with self.stages.stage("image"):
            encoder = self.parts.video_encoder()
            latents = [encoder.encode(fit_image(image, width, height)) for image in images]
            return torch.cat(latents).to(self.parts.device)

    def _encode_sound(self) -> Tensor | None:
        """Encode the sound tracks: latents (B, A, channels), one for each frame."""
        if self.request.sound is None:
            return None
        with self.stages.stage("sound track"):
            codec, count = self.parts.audio(), self._frames
            fps = self.parts.limits.fps
            latents = [encode_track(codec, request, count, fps) for request in self.requests]
            return torch.cat(latents).to(self.parts.device)

    @property
    def _frames(self) -> int:
        return self.parts.limits.frames(self.request.duration_s)

    def _denoise(self, text: list[Text], conditioning: Conditioning) -> Latents:
        """Sample video (B, C, T, H, W) and audio (B, A, channels), or one after the other in a cascade."""
        video, audio = self._shapes()
        noise = self.noise
        if self.parts.cascade and audio is not None:
            silent = self._sample("silent picture", text, noise.draw(video, None), noise, conditioning)
            conditioning = Conditioning(video=silent.video)
            noise = Noise(*(request.seed for request in self.requests), device=self.parts.device)
        return self._sample("denoising", text, noise.draw(video, audio), noise, conditioning)

    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
        """Return the shapes of one sample's latents: video (C, T, H, W) and audio (A, channels)."""
        config, limits, request = self.parts.config, self.parts.limits, self.request
        rows, columns = request.height // limits.spatial_stride, request.width // limits.spatial_stride
        video = (config.latent_channels, limits.latent_frames(request.duration_s), rows, columns)
        return video, (self._frames, config.audio_in_channels) if request.with_audio else None

    def _sample(
        self, stage: str, text: list[Text], start: Latents, noise: Noise, conditioning: Conditioning
    ) -> Latents:
        how = self.parts.kind
        with self.stages.stage(stage, how.steps) as on_step, torch.inference_mode():
            model = load_outside(self.parts.transformer)
            networks = [self._network(model, features) for features in text]
            if how.sampler == "distilled":
                (network,) = networks
                return sample_distilled(
                    network, start, noise, steps=how.steps, conditioning=conditioning, on_step=on_step
                )
            conditional, negative = networks
            return sample_base(
                conditional,
                negative,
                start,
                steps=how.steps,
                conditioning=conditioning,
                guidance=how.guidance,
                on_step=on_step,
            )

    def _network(self, model: HappyHorseTransformer, text: Text) -> Velocity | Preconditioned:
        velocity, variances = self._velocity(self.parts.kind, model, text), self.parts.variances
        return velocity if variances is None else Preconditioned(velocity, variances)

    def _enlarge(self, upscale: Upscale, base: Latents, text: Text) -> Latents:
        """Sample video of the final size from the base's; audio (B, A, channels) stays as it is."""
        width, height = self.request.final_size(self.parts.limits.side_multiple)
        first = self._encode_images(width, height)
        how, stride = kind(upscale), self.parts.limits.spatial_stride
        with self.stages.stage("super-resolution", how.steps) as on_step, torch.inference_mode():
            velocity = self._velocity(how, load_outside(self.parts.super_resolution[upscale]), text)
            size = height // stride, width // stride
            return sample_super_resolution(
                velocity, base, size, self.noise, steps=how.steps, first_frame=first, on_step=on_step
            )

    def _velocity(self, how: CheckpointKind, model: HappyHorseTransformer, text: Text) -> Velocity:
        limits = self.parts.limits
        velocity = how.velocity(model, text.features, text.lengths)
        return in_windows(velocity, limits.window, limits.overlap, limits.temporal_stride)

    def _decode_video(self, latents: Latents) -> np.ndarray:
        """Decode frames (F, height, width, 3), uint8.

        These are as many as asked for, or up to three fewer if the stride of four doesn't divide them.
        """
        with self.stages.stage("picture"):
            decoded = self.parts.video_decoder().decode(latents.video)
            require_finite("picture", decoded)
            frames, times = to_pixels(decoded)[: self._frames - 1], self.request.enlarge
            return frames.repeat(times, axis=1).repeat(times, axis=2)

    def _decode_sounds(self, latents: Latents, frames: int) -> list[tuple[np.ndarray | None, int]]:
        """Return each clip's samples (N, 2), which last as long as the frames, and their rate in Hz."""
        if latents.audio is None or not self.request.mode.with_sound:
            return [(None, 0)] * len(self.requests)
        pairs = zip(self.requests, latents.audio[:, None].unbind(), strict=True)
        return [self._decode_sound(request, audio, frames) for request, audio in pairs]

    def _decode_sound(self, request: ClipRequest, audio: Tensor, frames: int) -> tuple[np.ndarray, int]:
        """Return samples (N, 2) of the given sound track, or decoded ones of audio (1, A, channels)."""
        if request.sound is not None:
            samples, rate = request.sound.samples, request.sound.rate
        else:
            samples, rate = self._decode_audio(audio)
        count = round(frames * rate / self.parts.limits.fps)
        return np.ascontiguousarray(samples[:, :count].T.clip(-1, 1)), rate

    def _decode_audio(self, latents: Tensor) -> tuple[np.ndarray, int]:
        with self.stages.stage("sound"):
            codec = self.parts.audio()
            decoded = codec.decode(latents)
            require_finite("sound", decoded)
            return decoded[0].float().cpu().numpy(), codec.sample_rate
