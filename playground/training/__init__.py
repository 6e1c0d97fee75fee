"""Training: the loop owns time, a recipe owns the maths. `python -m playground.training CARD` runs it."""
