"""From a request to frames and samples, stage by stage; each stage loads its part and lets go of it.

text → image → sound track → denoising → super-resolution → picture → sound
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from generators.happyhorse.network.finite import require_finite
from generators.happyhorse.network.kinds import CheckpointKind, kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.checks import check
from generators.happyhorse.pipeline.inputs import fit_image, to_pixels
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.request import ClipRequest, DecodedClip, Upscale
from generators.happyhorse.pipeline.stages import Progress, Stages, ignore, using_threads
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
        self.check(request)
        with using_threads(self.parts.threads):
            noise = Noise(request.seed, device=self.parts.device)
            return _Making(self.parts, request, noise, Stages(progress)).run()

    def check(self, request: ClipRequest) -> None:
        """Raise what `make` would raise before it loads any weights."""
        check(self.parts, request)


@dataclass(frozen=True)
class _Making:
    """One clip while it is made."""

    parts: Parts
    request: ClipRequest
    noise: Noise
    stages: Stages

    def run(self) -> DecodedClip:
        """Run all stages."""
        request = self.request
        text = self._encode_text()
        require_finite("text", *text)
        image = self._encode_image(request.width, request.height)
        conditioning = Conditioning(image, self._encode_sound())
        require_finite("image or sound track", conditioning.first_frame, conditioning.audio)
        latents = self._denoise(text, conditioning)
        require_finite("denoising", *latents)
        if request.upscale is not None:
            latents = self._enlarge(request.upscale, latents, text[0])
            require_finite("super-resolution", *latents)
        frames = self._decode_video(latents)
        samples, rate = self._decode_sound(latents, len(frames))
        return DecodedClip(frames, self.parts.limits.fps, samples, rate, self.stages.seconds)

    def _encode_text(self) -> list[Tensor]:
        """Encode the prompt, and the negative one for a guided checkpoint: features (1, L, channels)."""
        with self.stages.stage("text"):
            prompts = [self.request.prompt]
            if self.parts.kind.sampler == "base":
                prompts.append(cast(str, self.parts.negative_prompt))  # checked
            encoded = self.parts.text.encode(*prompts)
            return [features[None].to(self.parts.device) for features in encoded]

    def _encode_image(self, width: int, height: int) -> Tensor | None:
        """Encode the reference image at a size in pixels: a latent (1, C, 1, H, W)."""
        if self.request.image is None:
            return None
        with self.stages.stage("image"):
            pixels = fit_image(self.request.image, width, height)
            return self.parts.video_encoder().encode(pixels).to(self.parts.device)

    def _encode_sound(self) -> Tensor | None:
        """Encode the sound track: latents (1, A, channels), one for each frame.

        A longer track is cut off; a shorter one is continued by silence.
        """
        sound = self.request.sound
        if sound is None:
            return None
        with self.stages.stage("sound track"):
            count = self._frames
            wanted = -(-(count + 1) * sound.rate // self.parts.limits.fps)
            samples = torch.from_numpy(sound.samples[:, :wanted])
            samples = torch.nn.functional.pad(samples, (0, wanted - samples.shape[1]))
            generator = torch.Generator().manual_seed(self.request.seed)
            latents = self.parts.audio().encode(samples[None], sound.rate, generator)
            return latents[:, :count].to(self.parts.device)

    @property
    def _frames(self) -> int:
        return self.parts.limits.frames(self.request.duration_s)

    def _denoise(self, text: list[Tensor], conditioning: Conditioning) -> Latents:
        """Sample video (1, C, T, H, W) and audio (1, A, channels), or one after the other in a cascade."""
        video, audio = self._shapes()
        noise = self.noise
        if self.parts.cascade and audio is not None:
            silent = self._sample("silent picture", text, noise.draw(video, None), noise, conditioning)
            conditioning = Conditioning(video=silent.video)
            noise = Noise(self.request.seed, device=self.parts.device)
        return self._sample("denoising", text, noise.draw(video, audio), noise, conditioning)

    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
        """Return the shapes of one sample's latents: video (C, T, H, W) and audio (A, channels)."""
        config, limits, request = self.parts.config, self.parts.limits, self.request
        rows, columns = request.height // limits.spatial_stride, request.width // limits.spatial_stride
        video = (config.latent_channels, limits.latent_frames(request.duration_s), rows, columns)
        return video, (self._frames, config.audio_in_channels) if request.with_audio else None

    def _sample(
        self, stage: str, text: list[Tensor], start: Latents, noise: Noise, conditioning: Conditioning
    ) -> Latents:
        how = self.parts.kind
        with self.stages.stage(stage, how.steps) as on_step, torch.inference_mode():
            model = self.parts.transformer()
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

    def _network(self, model: HappyHorseTransformer, text: Tensor) -> Velocity | Preconditioned:
        velocity, variances = self._velocity(self.parts.kind, model, text), self.parts.variances
        return velocity if variances is None else Preconditioned(velocity, variances)

    def _enlarge(self, upscale: Upscale, base: Latents, text: Tensor) -> Latents:
        """Sample video of the final size from the base's; audio (1, A, channels) stays as it is."""
        width, height = self.request.final_size(self.parts.limits.side_multiple)
        first = self._encode_image(width, height)
        how, stride = kind(upscale), self.parts.limits.spatial_stride
        with self.stages.stage("super-resolution", how.steps) as on_step, torch.inference_mode():
            velocity = self._velocity(how, self.parts.super_resolution[upscale](), text)
            size = height // stride, width // stride
            return sample_super_resolution(
                velocity, base, size, self.noise, steps=how.steps, first_frame=first, on_step=on_step
            )

    def _velocity(self, how: CheckpointKind, model: HappyHorseTransformer, text: Tensor) -> Velocity:
        limits = self.parts.limits
        return in_windows(how.velocity(model, text), limits.window, limits.overlap, limits.temporal_stride)

    def _decode_video(self, latents: Latents) -> np.ndarray:
        """Decode frames (F, height, width, 3), uint8.

        These are as many as asked for, or up to three fewer if the stride of four doesn't divide them.
        """
        with self.stages.stage("picture"):
            decoded = self.parts.video_decoder().decode(latents.video)
            require_finite("picture", decoded)
            frames, times = to_pixels(decoded)[: self._frames - 1], self.request.enlarge
            return frames.repeat(times, axis=1).repeat(times, axis=2)

    def _decode_sound(self, latents: Latents, frames: int) -> tuple[np.ndarray | None, int]:
        """Return samples (N, 2) that last as long as the frames, and their rate in Hz.

        They are the given sound track's, or decoded ones.
        """
        if not self.request.mode.with_sound or latents.audio is None:
            return None, 0
        if self.request.sound is not None:
            samples, rate = self.request.sound.samples, self.request.sound.rate
        else:
            samples, rate = self._decode_audio(latents.audio)
        count = round(frames * rate / self.parts.limits.fps)
        return np.ascontiguousarray(samples[:, :count].T.clip(-1, 1)), rate

    def _decode_audio(self, latents: Tensor) -> tuple[np.ndarray, int]:
        with self.stages.stage("sound"):
            codec = self.parts.audio()
            decoded = codec.decode(latents)
            require_finite("sound", decoded)
            return decoded[0].float().cpu().numpy(), codec.sample_rate
