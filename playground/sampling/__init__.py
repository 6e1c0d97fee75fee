"""Plain functions that models share when they draw: noise, latents, denoising loops."""
