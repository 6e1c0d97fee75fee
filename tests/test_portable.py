"""Saved folders read elsewhere: one writer puts them into the form of older releases, our own loaders read both forms, and a plain call works."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from playground import data, registry, weights
from playground.portable import KEY_PREFIXES, TOKENIZER_CLASSES, make_portable

RECORD = {"id": "tiny", "config": {}, "parameters": {}}
WRITERS = sorted(card.id for card in registry.shipped() if (weights.folder(card.id) / "tokenizer_config.json").is_file())
SHIPPED = sorted(card.id for card in registry.shipped())


def keys_of(path: Path) -> set[str]:
    """The keys of a file of weights."""
    with safe_open(path, framework="pt") as file:
        return set(file.keys())


def tiny_text_encoder():
    """A CLIP text model of a few numbers."""
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=20, hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=12
        )
    )


def tiny_pipeline():
    """A Stable Diffusion of a few thousand numbers, its parts of the classes of the shipped one."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    from playground.models.nets.vocabulary import make_tokenizer

    blocks = {"block_out_channels": (4,), "norm_num_groups": 2, "layers_per_block": 1}
    vae = AutoencoderKL(down_block_types=("DownEncoderBlock2D",), up_block_types=("UpDecoderBlock2D",), latent_channels=2, **blocks)
    sides = {"down_block_types": ("CrossAttnDownBlock2D",), "up_block_types": ("CrossAttnUpBlock2D",)}
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=2, out_channels=2, cross_attention_dim=8, attention_head_dim=2, **sides, **blocks
    )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=tiny_text_encoder(),
        tokenizer=make_tokenizer(["a cat", "a dog"]),
        unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def tiny_writer():
    """A GPT of characters with its tokenizer."""
    from transformers import GPT2Config, GPT2LMHeadModel

    from playground.models.gpt import Shelf

    return Shelf(GPT2LMHeadModel(GPT2Config(vocab_size=4, n_positions=8, n_embd=4, n_layer=1, n_head=1)), tuple("\n$ab"), "$")


KINDS = {"pipeline": tiny_pipeline, "writer": tiny_writer, "modules": lambda: {"reader": tiny_text_encoder()}}


def faults(folder: Path) -> list[str]:
    """What of a folder the newest releases alone can read."""
    found = []
    for path in folder.rglob("tokenizer_config.json"):
        said = json.loads(path.read_text())
        found += [f"{path.name}: {said['tokenizer_class']}"] if said["tokenizer_class"] in TOKENIZER_CLASSES else []
        found += [f"{path.name}: {name}" for name in ("backend", "is_local", "local_files_only") if name in said]
    for path in folder.rglob("model_index.json"):
        _, name = json.loads(path.read_text())["tokenizer"]
        if not (path.parent / "tokenizer" / "vocab.json").is_file() and not name.endswith("Fast"):
            found.append(f"{path.name}: {name}")
    for path in folder.rglob("config.json"):
        for name in set(json.loads(path.read_text()).get("architectures") or ()) & set(KEY_PREFIXES):
            keys = {key for each in path.parent.glob("*.safetensors") for key in keys_of(each)}
            found += [f"{path.parent.name}: {key}" for key in keys if not key.startswith(KEY_PREFIXES[name])]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_folder_is_saved_in_the_form_that_older_releases_read(kind: str, tmp_path: Path):
    weights.save(KINDS[kind](), RECORD, tmp_path / "tiny")
    assert faults(tmp_path / "tiny") == []


@pytest.mark.parametrize("card_id", SHIPPED)
def test_every_shipped_folder_is_in_the_form_that_older_releases_read(card_id: str, tmp_path: Path):
    assert faults(weights.folder(card_id)) == []


def test_a_folder_in_that_form_stays_as_it_is_byte_for_byte(tmp_path: Path):
    weights.save(tiny_pipeline(), RECORD, tmp_path / "tiny")
    before = {path: path.read_bytes() for path in (tmp_path / "tiny").rglob("*") if path.is_file()}
    make_portable(tmp_path / "tiny")
    assert before == {path: path.read_bytes() for path in (tmp_path / "tiny").rglob("*") if path.is_file()}


def test_our_own_loader_reads_keys_with_and_without_their_prefix(tmp_path: Path, monkeypatch):
    import torch
    from transformers import CLIPTextModel

    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    saved = tiny_text_encoder()
    weights.save({"reader": saved}, RECORD, tmp_path / "tiny")
    path = tmp_path / "tiny" / "reader" / weights.NAME
    older = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in saved.state_dict().items()}
    assert keys_of(path) == set(older)
    tokens = torch.arange(12)[None]
    for form in (older, {key.removeprefix("text_model."): value for key, value in older.items()}):
        save_file({key: value.contiguous() for key, value in form.items()}, path, metadata={"format": "pt"})
        record = json.loads((tmp_path / "tiny" / "card.json").read_text())
        record["files"][f"reader/{weights.NAME}"]["sha256"] = weights.sha256(path)
        weights.write_json(tmp_path / "tiny" / "card.json", record)
        again = weights.load("tiny", reader=CLIPTextModel)["reader"]
        assert torch.equal(again(tokens).last_hidden_state.cpu(), saved.eval()(tokens).last_hidden_state)


def test_shards_and_their_index_get_the_prefix(tmp_path: Path):
    tiny_text_encoder().save_pretrained(tmp_path, max_shard_size="2KB")
    make_portable(tmp_path)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())["weight_map"]
    assert len(set(index.values())) > 1 and all(key.startswith("text_model.") for key in index)
    assert {key for path in tmp_path.glob("*.safetensors") for key in keys_of(path)} == set(index)


def test_the_mean_of_folders_keeps_what_lies_beside_the_weights(tmp_path: Path):
    for name in ("a", "b"):
        weights.save(tiny_writer(), RECORD, tmp_path / name)
        (tmp_path / name / "story.json").write_text("{}")
    weights.mean([tmp_path / "a", tmp_path / "b"], RECORD, tmp_path / "c")
    names = {path.name for path in (tmp_path / "c").iterdir()}
    assert names == {path.name for path in (tmp_path / "a").iterdir()} - {"story.json"}
    first, second, mean = (load_file(tmp_path / name / weights.NAME) for name in "abc")
    for key, value in mean.items():
        np.testing.assert_allclose(value.float(), (first[key].float() + second[key].float()) / 2, atol=1e-3)


@pytest.mark.parametrize("card_id", WRITERS)
def test_no_character_changed_its_number_and_none_was_added(card_id: str):
    from transformers import AutoTokenizer

    folder = weights.folder(card_id)
    alphabet = data.get(registry.get(card_id).dataset).labels
    tokenizer = AutoTokenizer.from_pretrained(folder.as_posix())
    assert tokenizer.get_vocab() == {character: k for k, character in enumerate(alphabet)}
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == len(alphabet) == len(tokenizer)


@pytest.mark.parametrize("card_id", WRITERS)
def test_start_end_and_unknown_are_tokens_of_the_vocabulary_and_padding_is_no_line_break(card_id: str):
    from transformers import AutoTokenizer

    folder = weights.folder(card_id)
    tokenizer = AutoTokenizer.from_pretrained(folder.as_posix())
    for token in (tokenizer.bos_token, tokenizer.eos_token, tokenizer.unk_token):
        assert token in tokenizer.get_vocab()
    assert tokenizer.pad_token != "\n" and tokenizer.model_max_length == json.loads((folder / "config.json").read_text())["n_positions"]
    for name in ("config.json", "generation_config.json"):
        assert json.loads((folder / name).read_text()).get("pad_token_id") != tokenizer.convert_tokens_to_ids("\n")


@pytest.mark.parametrize("card_id", WRITERS)
def test_without_a_mask_a_line_break_is_read_as_what_it_is(card_id: str):
    import torch
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(weights.folder(card_id).as_posix()).eval()
    ids, options = torch.tensor([[20, 0, 25, 0, 22, 21]]), {"do_sample": False, "max_new_tokens": 12, "eos_token_id": None}
    assert torch.equal(network.generate(ids, **options), network.generate(ids, attention_mask=torch.ones_like(ids), **options))


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["first", "", "long"])
@pytest.mark.parametrize("card_id", WRITERS)
def test_a_pipeline_called_plainly_writes_within_the_positions(card_id: str, prompt: str):
    from transformers import pipeline

    start = {"first": "A", "": "", "long": "ABab" * 50}[prompt]
    pipe = pipeline("text-generation", model=weights.folder(card_id).as_posix())
    text = pipe(start)[0]["generated_text"]
    assert text.startswith(start) and len(start) <= len(text) <= pipe.model.config.n_positions
    assert pipe.model.generation_config.do_sample, "as a server draws that goes by the folder alone"


def test_what_training_writes_is_what_is_shipped(tmp_path: Path):
    """The files beside the weights, from a trainee of today."""
    for card_id in WRITERS:
        card, out = registry.get(card_id), tmp_path / card_id
        recipe = registry.resolve(card.recipe)(card)
        trainee = recipe.make()
        weights.save(trainee.whole(trainee.modules), RECORD, out)
        for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
            assert json.loads((out / name).read_text()) == json.loads((weights.folder(card_id) / name).read_text()), (card_id, name)
        config = json.loads((out / "config.json").read_text())
        shipped = json.loads((weights.folder(card_id) / "config.json").read_text())
        assert {name for name in config if config[name] != shipped[name]} <= {"resid_pdrop", "embd_pdrop"}, (
            "dropout, by the command of the run"
        )
        shutil.rmtree(out)
