"""Go from noise to clean latents."""
