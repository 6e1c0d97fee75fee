"""What every model is, without loading it: one file per family, no torch."""
