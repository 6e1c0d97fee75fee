"""Weights on disk: what is saved comes back bit for bit, and what is damaged gives one clear error and is never unpickled."""

from __future__ import annotations

import json
import os
import pickle
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from playground import registry, stories, weights
from playground.errors import WeightsUnavailable
from tests.lazy import lazy

diffusers = lazy("diffusers")
classifiers = lazy("playground.models.classifier")

RECORD = {"id": "tiny", "config": {}, "parameters": {"net": 1}}
NET, UNET = "net/model.safetensors", "unet/diffusion_pytorch_model.safetensors"


def tiny_unet() -> diffusers.UNet2DModel:
    """A diffusers network of a few thousand parameters."""
    blocks = {"down_block_types": ("DownBlock2D",), "up_block_types": ("UpBlock2D",)}
    return diffusers.UNet2DModel(
        sample_size=8, in_channels=1, out_channels=1, block_out_channels=(8,), layers_per_block=1, norm_num_groups=4, **blocks
    )


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch) -> Path:
    """The folder of a card "tiny" with a network of ours and one of diffusers'."""
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    weights.save({"net": classifiers.Classifier(channels=4, features=8), "unet": tiny_unet()}, RECORD, tmp_path / "tiny")
    return tmp_path / "tiny"


def load() -> dict[str, torch.nn.Module]:
    """Both networks of the tiny card."""
    return weights.load("tiny", net=classifiers.Classifier, unet=diffusers.UNet2DModel)


def rewrite_record(folder: Path) -> None:
    """Makes card.json agree with the files again, so that only what is inside of them is at fault."""
    record = json.loads((folder / "card.json").read_text())
    for name, entry in record["files"].items():
        entry |= {"sha256": weights.sha256(folder / name), "bytes": (folder / name).stat().st_size}
    weights.write_json(folder / "card.json", record)


def test_what_is_saved_comes_back_bit_for_bit(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    saved = {"net": classifiers.Classifier(channels=4, features=8), "unet": tiny_unet()}
    weights.save(saved, RECORD, tmp_path / "tiny")
    for name, module in load().items():
        assert not module.training and not any(p.requires_grad for p in module.parameters())
        for key, value in saved[name].state_dict().items():
            assert torch.equal(value, module.state_dict()[key]), key
    assert set(weights.record("tiny")["files"]) == {NET, UNET}
    assert weights.size_bytes("tiny") == sum((tmp_path / "tiny" / name).stat().st_size for name in (NET, UNET))
    assert not list(tmp_path.rglob("*.bin")) and not list(tmp_path.glob(".*")), "nothing else is left behind"


def test_saving_again_replaces_the_weights_and_keeps_the_story(shipped: Path):
    (shipped / "story.json").write_text("{}")
    net = classifiers.Classifier(channels=8, features=8)
    weights.save({"net": net}, {**RECORD, "note": "second"}, shipped)
    assert weights.record("tiny")["note"] == "second" and (shipped / "story.json").is_file()
    assert torch.equal(weights.load("tiny", net=classifiers.Classifier)["net"].head.weight, net.head.weight)


def test_where_a_module_was_read_from_is_not_saved_with_it(tmp_path: Path):
    unet = tiny_unet()
    unet.save_pretrained(tmp_path / "first")
    again = diffusers.UNet2DModel.from_pretrained((tmp_path / "first").as_posix(), low_cpu_mem_usage=False)
    weights.save({"unet": again}, RECORD, tmp_path / "second")
    assert str(tmp_path) not in (tmp_path / "second" / "unet" / "config.json").read_text()


@pytest.mark.parametrize(
    "path", sorted(weights.WEIGHTS.rglob("*config.json")), ids=lambda path: path.relative_to(weights.WEIGHTS).as_posix()
)
def test_no_shipped_configuration_names_a_path_of_a_machine(path: Path):
    assert not re.search(r'"(/|[A-Z]:)[^"]*/', path.read_text(encoding="utf-8"))


def test_a_file_that_a_space_refuses_is_not_saved(shipped: Path):
    before = (shipped / "card.json").read_text()
    with pytest.raises(ValueError, match="10000000"):
        weights.save({"net": classifiers.Classifier(channels=4, features=16_000)}, RECORD, shipped)
    assert (shipped / "card.json").read_text() == before


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", [NET, UNET])
@pytest.mark.parametrize(
    "damage", [truncate, change_a_byte, Path.unlink, lambda path: path.write_bytes(b"")], ids=["truncated", "changed", "missing", "empty"]
)
def test_a_damaged_file_is_named(shipped: Path, name: str, damage):
    damage(shipped / name)
    with pytest.raises(WeightsUnavailable, match=name):
        load()


def wrong_shape(path: Path) -> None:
    tensors = load_file(path)
    save_file({**tensors, "head.weight": torch.zeros(3, 3)}, path)


def wrong_name(path: Path) -> None:
    tensors = load_file(path)
    tensors["other.weight"] = tensors.pop("head.weight")
    save_file(tensors, path)


def huge_header(path: Path) -> None:
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")


@pytest.mark.parametrize("damage", [wrong_shape, wrong_name, huge_header, truncate, lambda path: path.write_bytes(b"not tensors")])
def test_a_file_with_other_tensors_gives_one_clear_error(shipped: Path, damage):
    damage(shipped / NET)
    rewrite_record(shipped)
    with pytest.raises(WeightsUnavailable, match="could not be read"):
        load()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": 3}', '{"files": {"net/model.safetensors": {}}}', "null"])
def test_an_unreadable_card_json_gives_one_clear_error(shipped: Path, text: str):
    (shipped / "card.json").write_text(text)
    with pytest.raises(WeightsUnavailable, match="tiny"):
        load()


class Poison:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("with_safetensors", [True, False])
def test_a_pickle_beside_the_weights_is_never_opened(shipped: Path, tmp_path: Path, with_safetensors: bool):
    for name in ("net/pytorch_model.bin", "net/model.bin", "unet/diffusion_pytorch_model.bin", "unet/pytorch_model.bin"):
        (shipped / name).write_bytes(pickle.dumps(Poison(tmp_path / "poisoned")))
    if with_safetensors:
        load()
    else:
        for name in (NET, UNET):
            (shipped / name).unlink()
        record = json.loads((shipped / "card.json").read_text())
        weights.write_json(shipped / "card.json", {**record, "files": {}})
        for classes in ({"net": classifiers.Classifier}, {"unet": diffusers.UNet2DModel}):
            with pytest.raises(WeightsUnavailable):
                weights.load("tiny", **classes)
    assert not (tmp_path / "poisoned").exists()


@pytest.mark.parametrize("card", registry.shipped(), ids=lambda card: card.id)
def test_shipped_weights_are_whole_and_say_how_they_came_about(card):
    weights.verify(card.id)
    record = weights.record(card.id)
    assert record["id"] == card.id and record["dataset"] == card.dataset
    assert record["command"].startswith(f"python -m playground.training {card.id}")
    for name in ("config", "steps", "seed", "device", "machine", "seconds", "losses", "parameters", "samples_seen", "when"):
        assert name in record, name
    assert record["commit"], "weights are trained from a committed state"
    own = [command for command in record["lineage"] if command.split()[3] == card.id]
    again = len(own) > 1  # trained on from its own weights: the steps of all runs are counted; a teacher's are not
    assert record["steps"] > record["config"]["num_steps"] if again else record["steps"] == record["config"]["num_steps"], (
        "the training reached its last step"
    )
    assert record["command"] == record["lineage"][-1]
    shipped = {path.relative_to(weights.folder(card.id)).as_posix() for path in weights.folder(card.id).rglob("*") if path.is_file()}
    extra = {name for name in shipped - set(record["files"]) if not name.endswith((".json", "story.png"))}
    assert not extra, "files that card.json does not name"


def test_a_network_of_ours_that_is_too_large_is_stored_in_half_precision(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    net = classifiers.Classifier(channels=4, features=8)
    monkeypatch.setattr(weights, "HALVED_BYTES", 20_000)  # it has more in float32, and fewer in float16
    weights.save({"net": net}, RECORD, tmp_path / "tiny")
    stored = load_file(tmp_path / "tiny" / NET)
    assert stored["head.weight"].dtype == torch.float16 and stored["stem.1.num_batches_tracked"].dtype == torch.int64
    weight = weights.load("tiny", net=classifiers.Classifier)["net"].head.weight
    assert weight.dtype == torch.float32 and torch.equal(weight, net.head.weight.half().float())
    monkeypatch.setattr(weights, "MAX_FILE_BYTES", 1_000)
    with pytest.raises(ValueError, match="at most 1000 are shipped"):
        weights.save({"net": net}, RECORD, tmp_path / "other")


@pytest.mark.parametrize("card", registry.shipped(), ids=lambda card: card.id)
def test_every_shipped_card_tells_how_it_learnt_to_its_last_step(card):
    story, last = stories.read(card.id), weights.record(card.id)["steps"]
    assert story.log[-1]["step"] == last and story.steps[-1:] in ((), (last,))
    moments = story.pictures if card.kind == "image" else story.texts
    assert ("sample" in card.can) == bool(story.steps) and len(moments) == len(story.steps)
