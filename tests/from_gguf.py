"""python from_gguf.py FILE.gguf OUT: a language model in a GGUF file as transformers 5 saves a repository, its weights in half precision.

Run in an environment that has the package gguf. transformers reads such a file and refuses to save the model that it makes of it: the weights are
written by safetensors here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


def main() -> None:
    """Converts."""
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    network = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    config = network.config
    config.architectures, config.dtype = [type(network).__name__], "float16"
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    out.mkdir(parents=True, exist_ok=True)
    shared = {"lm_head.weight"} if config.tie_word_embeddings else set()
    tensors = {key: value.half().contiguous() for key, value in network.state_dict().items() if key not in shared}
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(out)
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    GenerationConfig(**ids).save_pretrained(out)
    tokenizer.save_pretrained(out)


if __name__ == "__main__":
    main()
