"""The page: Gradio only. A tab knows ids, controls and NumPy samples; never a module, a tensor or a file."""
