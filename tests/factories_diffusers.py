"""Checkpoints of diffusers' real classes with tiny random weights, built without a download."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import tokenizers
import torch
from tokenizers import Tokenizer, pre_tokenizers


class _Late:
    """Module that is imported when a test first uses it: every process of a test run collects all tests."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - the classes are made without types
        return getattr(import_module(self._name), attribute)


diffusers = _Late("diffusers")
guiders = _Late("diffusers.guiders")
ltx2 = _Late("diffusers.pipelines.ltx2")
ltx2_vocoder = _Late("diffusers.pipelines.ltx2.vocoder")
transformers = _Late("transformers")

_SPECIAL = ["<pad>", "</s>", "<unk>", "<bos>"]
_WORDS = 300
"""Size of each vocabulary: four special tokens, one for each byte, and some to spare."""
_CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for c in m['content'] %}{{ c['text'] }}{% endfor %}{% endif %}\n{% endfor %}"
)


def save_checkpoint(kind: str, folder: Path) -> Path:
    """Save a tiny checkpoint of a pipeline class, and return its folder."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pipeline = _MAKERS[kind]()
    pipeline.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:  # noqa: ANN401 - transformers' own type
    """Make a tokenizer with one token for each byte."""
    tokens = [*_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    bytewise = Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bytewise, model_max_length=512, **_special_tokens()
    )


def _special_tokens() -> dict[str, str]:
    return dict(zip(("pad_token", "eos_token", "unk_token", "bos_token"), _SPECIAL, strict=True))


def _t5(kind: Any, config: Any, words: int = _WORDS) -> Any:  # noqa: ANN401
    return kind(config(vocab_size=words, d_model=32, d_kv=8, d_ff=32, num_layers=2, num_heads=2))


def _wan_parts(transformer: Any, scheduler: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the parts of a pipeline with Wan's autoencoder and text encoder."""
    vae = diffusers.AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )  # fmt: skip
    return {
        "transformer": transformer,
        "vae": vae,
        "scheduler": scheduler,
        "text_encoder": _t5(transformers.UMT5EncoderModel, transformers.UMT5Config),
        "tokenizer": _tokenizer(),
    }


_WAN: Mapping[str, Any] = {
    "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "out_channels": 16,
    "text_dim": 32, "freq_dim": 256, "ffn_dim": 32, "num_layers": 2, "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads",
}  # fmt: skip


def _wan(from_image: bool = False) -> Any:  # noqa: ANN401
    transformer = diffusers.WanTransformer3DModel(
        in_channels=36 if from_image else 16, rope_max_seq_len=32, **_WAN
    )
    kind = diffusers.WanImageToVideoPipeline if from_image else diffusers.WanPipeline
    return kind(**_wan_parts(transformer, diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0)))


def _helios(pyramid: bool = False) -> Any:  # noqa: ANN401
    transformer = diffusers.HeliosTransformer3DModel(
        in_channels=16, rope_dim=(4, 4, 4), has_multi_term_memory_patch=True, guidance_cross_attn=True,
        zero_history_timestep=True, is_amplify_history=False, **_WAN,
    )  # fmt: skip
    stages = {"stages": 3} if pyramid else {"stages": 1, "stage_range": [0, 1]}
    scheduler = diffusers.HeliosScheduler(use_dynamic_shifting=True, **stages)
    kind = diffusers.HeliosPyramidPipeline if pyramid else diffusers.HeliosPipeline
    return kind(**_wan_parts(transformer, scheduler))


def _cogvideox(from_image: bool = False) -> Any:  # noqa: ANN401
    transformer = diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=8 if from_image else 4, out_channels=4,
        time_embed_dim=2, text_embed_dim=32, num_layers=1, sample_width=2, sample_height=2, sample_frames=9,
        patch_size=2, temporal_compression_ratio=4, max_text_seq_length=16,
        use_rotary_positional_embeddings=True,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4, up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
        temporal_compression_ratio=4,
    )  # fmt: skip
    kind = diffusers.CogVideoXImageToVideoPipeline if from_image else diffusers.CogVideoXPipeline
    return kind(
        transformer=transformer,
        vae=vae,
        scheduler=diffusers.CogVideoXDDIMScheduler(),
        text_encoder=_t5(transformers.T5EncoderModel, transformers.T5Config),
        tokenizer=_tokenizer(),
    )


def _hunyuan(from_image: bool = False) -> Any:  # noqa: ANN401
    kind = diffusers.HunyuanVideo15Pipeline
    parts = _hunyuan_parts("i2v" if from_image else "t2v")
    if from_image:
        kind = diffusers.HunyuanVideo15ImageToVideoPipeline
        config = transformers.SiglipVisionConfig(
            hidden_size=12, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            image_size=54, patch_size=2,
        )  # fmt: skip
        parts["image_encoder"] = transformers.SiglipVisionModel(config)
        parts["feature_extractor"] = transformers.SiglipImageProcessorPil(size={"height": 54, "width": 54})
    return kind(**parts)


def _hunyuan_parts(task: str) -> dict[str, Any]:
    transformer = diffusers.HunyuanVideo15Transformer3DModel(
        in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=1,
        num_refiner_layers=1, mlp_ratio=2.0, patch_size=1, patch_size_t=1, text_embed_dim=16,
        text_embed_2_dim=32, image_embed_dim=12, rope_axes_dim=(2, 2, 4), target_size=16, task_type=task,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLHunyuanVideo15(
        latent_channels=4, block_out_channels=(16, 16), layers_per_block=1, spatial_compression_ratio=4,
        temporal_compression_ratio=2, downsample_match_channel=False, upsample_match_channel=False,
    )  # fmt: skip
    tokenizer = _tokenizer()
    tokenizer.chat_template = _CHAT
    return {
        "transformer": transformer,
        "vae": vae,
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        "text_encoder": _qwen(),
        "tokenizer": tokenizer,
        "text_encoder_2": _t5(transformers.T5EncoderModel, transformers.T5Config, words=384),
        "tokenizer_2": transformers.ByT5Tokenizer(),
        "guider": guiders.ClassifierFreeGuidance(guidance_scale=6.0),
    }


def _qwen() -> Any:  # noqa: ANN401
    config = transformers.Qwen2_5_VLTextConfig(
        vocab_size=_WORDS, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, bos_token_id=3, eos_token_id=1, rope_theta=1e6,
        rope_scaling={"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
    )  # fmt: skip
    return transformers.Qwen2_5_VLTextModel(config)


def _ltx(from_image: bool = False) -> Any:  # noqa: ANN401
    width = 32
    text = {
        "vocab_size": _WORDS, "hidden_size": width, "intermediate_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
        "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 3,
    }  # fmt: skip
    sight = {
        "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
        "image_size": 8, "patch_size": 4,
    }  # fmt: skip
    config = transformers.Gemma3Config(
        text_config=text, vision_config=sight, mm_tokens_per_image=1, boi_token_index=_WORDS - 3,
        eoi_token_index=_WORDS - 2, image_token_index=_WORDS - 1,
    )  # fmt: skip
    kind = diffusers.LTX2ImageToVideoPipeline if from_image else diffusers.LTX2Pipeline
    return kind(
        transformer=_ltx_transformer(width),
        connectors=_ltx_connectors(width),
        text_encoder=transformers.Gemma3ForConditionalGeneration(config),
        tokenizer=_tokenizer(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        **_ltx_codecs(),
    )


def _ltx_transformer(width: int) -> Any:  # noqa: ANN401
    return diffusers.LTX2VideoTransformer3DModel(
        in_channels=4, out_channels=4, patch_size=1, patch_size_t=1, num_attention_heads=2,
        attention_head_dim=8, cross_attention_dim=16, audio_in_channels=4, audio_out_channels=4,
        audio_num_attention_heads=2, audio_attention_head_dim=4, audio_cross_attention_dim=8,
        num_layers=2, qk_norm="rms_norm_across_heads", caption_channels=width, rope_double_precision=False,
        rope_type="split",
    )  # fmt: skip


def _ltx_connectors(width: int) -> Any:  # noqa: ANN401
    return ltx2.LTX2TextConnectors(
        caption_channels=width, text_proj_in_factor=3, video_connector_num_attention_heads=4,
        video_connector_attention_head_dim=8, video_connector_num_layers=1,
        video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=4,
        audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32, rope_theta=10000.0,
        rope_double_precision=False, causal_temporal_positioning=False, rope_type="split",
    )  # fmt: skip


def _ltx_codecs() -> dict[str, Any]:
    video = diffusers.AutoencoderKLLTX2Video(
        latent_channels=4, block_out_channels=(8,), decoder_block_out_channels=(8,), layers_per_block=(1,),
        decoder_layers_per_block=(1, 1), spatio_temporal_scaling=(True,),
        decoder_spatio_temporal_scaling=(True,), decoder_inject_noise=(False, False),
        downsample_type=("spatial",), upsample_residual=(False,), upsample_factor=(1,),
        timestep_conditioning=False, patch_size=1, patch_size_t=1, encoder_causal=True, decoder_causal=False,
    )  # fmt: skip
    audio = diffusers.AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, attn_resolutions=None,
        in_channels=2, resolution=32, latent_channels=2, norm_type="pixel", causality_axis="height",
        dropout=0.0, mid_block_add_attention=False, sample_rate=16000, mel_hop_length=160, is_causal=True,
        mel_bins=8,
    )  # fmt: skip
    vocoder = ltx2_vocoder.LTX2Vocoder(
        in_channels=16, hidden_channels=32, out_channels=2, upsample_kernel_sizes=[32, 20],
        upsample_factors=[16, 10], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
        leaky_relu_negative_slope=0.1, output_sampling_rate=16000,
    )  # fmt: skip
    return {"vae": video, "audio_vae": audio, "vocoder": vocoder}


_MAKERS: Mapping[str, Callable[[], Any]] = {
    "CogVideoXImageToVideoPipeline": lambda: _cogvideox(from_image=True),
    "CogVideoXPipeline": _cogvideox,
    "HeliosPipeline": _helios,
    "HeliosPyramidPipeline": lambda: _helios(pyramid=True),
    "HunyuanVideo15ImageToVideoPipeline": lambda: _hunyuan(from_image=True),
    "HunyuanVideo15Pipeline": _hunyuan,
    "LTX2ImageToVideoPipeline": lambda: _ltx(from_image=True),
    "LTX2Pipeline": _ltx,
    "WanImageToVideoPipeline": lambda: _wan(from_image=True),
    "WanPipeline": _wan,
}
