"""Encode pixels, samples and text to what the transformer works on, and decode latents."""
