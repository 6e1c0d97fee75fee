"""python portable_folders.py WEIGHTS OUT.npz: what the shipped folders give with the libraries of this environment alone, none of our code.

Each folder that a class of diffusers or transformers is named in is loaded by that class and asked for a picture, a text or numbers, from fixed
random numbers. The tests run this file in environments with older releases, and compare.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers


def config_of(path: Path) -> dict:
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def ask_pipeline(folder: Path) -> dict[str, np.ndarray]:
    """A picture of a Stable Diffusion."""
    pipeline = getattr(diffusers, config_of(folder / "model_index.json")["_class_name"]).from_pretrained(str(folder))
    pipeline.set_progress_bar_config(disable=True)
    prompt = "an old person with a red mohawk and round glasses, laughing"
    options = {"num_inference_steps": 3, "guidance_scale": 2.5, "output_type": "np"}
    picture = pipeline(prompt, generator=torch.Generator().manual_seed(0), **options).images
    return {"picture": picture, "tokens": np.array(pipeline.tokenizer(prompt)["input_ids"])}


def ask_network(folder: Path, name: str) -> dict[str, np.ndarray]:
    """What a denoiser says of noise."""
    network = getattr(diffusers, name).from_pretrained(str(folder)).eval()
    config, generator = network.config, torch.Generator().manual_seed(0)
    x = torch.randn(1, config.in_channels, config.sample_size, config.sample_size, generator=generator)
    told = None
    if config.class_embed_type == "identity":
        told = torch.randn(1, 4 * config.block_out_channels[0], generator=generator)
    elif config.num_class_embeds is not None:
        told = torch.tensor([3])
    return {"said": network(x, 300, class_labels=told).sample.numpy()}


def ask_writer(folder: Path, name: str) -> dict[str, np.ndarray]:
    """Texts of a language model: the likeliest, a drawn one, and one for which nothing is said at all."""
    pipe = transformers.pipeline("text-generation", model=str(folder))
    prompt = "ROMEO:\n" if "R" in pipe.tokenizer.get_vocab() and "y" in pipe.tokenizer.get_vocab() else "kfYMkfYM"
    options = {"max_new_tokens": 60, "return_full_text": False}
    likeliest = pipe(prompt, do_sample=False, **options)[0]["generated_text"]
    torch.manual_seed(0)
    drawn = pipe(prompt, do_sample=True, temperature=0.9, **options)[0]["generated_text"]
    plain = pipe(prompt)[0]["generated_text"]
    assert prompt in plain and len(prompt) < len(plain) <= pipe.model.config.n_positions, "called plainly"
    return {"likeliest": np.array(likeliest), "drawn": np.array(drawn)}


def ask_translator(folder: Path, name: str) -> dict[str, np.ndarray]:
    """What a translator makes of some tokens."""
    network = getattr(transformers, name).from_pretrained(str(folder)).eval()
    return {"tokens": network.generate(input_ids=torch.arange(5, 25)[None], max_new_tokens=16, do_sample=False).numpy()}


ASK = {"GPT2LMHeadModel": ask_writer, "T5ForConditionalGeneration": ask_translator, "UNet2DModel": ask_network}


def folders(root: Path) -> dict[str, str]:
    """Every folder that a class of the libraries loads, by its name below root, and the class; of a pipeline none of its parts."""
    whole = {path.parent for path in root.rglob("model_index.json")}
    found = {path: str(config_of(path / "model_index.json")["_class_name"]) for path in whole}
    for path in root.rglob("config.json"):
        names = [config_of(path).get("_class_name"), *(config_of(path).get("architectures") or ())]
        if any(names) and path.parent.parent not in whole:
            found[path.parent] = next(filter(None, names))
    return {path.relative_to(root).as_posix(): name for path, name in sorted(found.items())}


def main() -> None:
    """Asks every folder and writes what they said."""
    root, out = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    said: dict[str, np.ndarray] = {"versions": np.array([transformers.__version__, diffusers.__version__])}
    with torch.no_grad():
        for folder, name in folders(root).items():
            found = ask_pipeline(root / folder) if name.endswith("Pipeline") else ASK[name](root / folder, name)
            said |= {f"{folder}: {what}": value for what, value in found.items()}
    np.savez(out, **said)


if __name__ == "__main__":
    main()
