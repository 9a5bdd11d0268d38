"""From noise to clean latents."""
