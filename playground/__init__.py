"""Generative models of every family behind one contract; usable from Python and the command line without the page."""
