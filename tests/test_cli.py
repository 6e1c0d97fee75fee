"""python -m playground: list, sample, previews."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from playground import data, previews, readme, registry, run
from playground.__main__ import main
from playground.controls import equal_shares
from playground.sprite import cut, tile
from tests import draws
from tests.conftest import CONDITIONAL, ROOT, SAMPLERS, WRITERS, drawing, known_to

ROWS = [slice(0, 2), slice(previews.N - 1, previews.N)]
GUIDED = [card.id for card in registry.cards() if any(control.name == "given" for control in card.controls)]


def test_list_names_every_card(capsys):
    assert main(["list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["id", "family", "kind", "dataset", "source", "size", "licence"]
    assert [row.split()[0] for row in rows[1:]] == [card.id for card in registry.cards()]
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [about["id"] for about in found] == [card.id for card in registry.cards()]
    assert all(about["size_bytes"] > 0 and about["can"] for about in found)


def test_list_is_there_before_torch():
    code = "import sys; from playground.__main__ import main; main(['list']); print('torch' in sys.modules, file=sys.stderr)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.stderr.strip() == "False"


@pytest.mark.slow
@pytest.mark.parametrize("card_id", SAMPLERS)
def test_sample_writes_images_and_labels(card_id: str, tmp_path: Path, capsys):
    out = tmp_path / "new" / "x.npz"
    short = draws.brief(card_id)
    words = [word for name, value in short.items() for word in ("--set", f"{name}={value}")]
    assert main(["sample", card_id, "-n", "12", "--seed", "3", "--out", str(out), *words]) == 0
    assert "12 samples" in capsys.readouterr().out
    with np.load(out, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    about = data.get(registry.get(card_id).dataset)
    height, width, channels = about.shape
    assert found["images"].dtype == np.uint8 and found["images"].shape == (12, height, width, *([] if channels == 1 else [channels]))
    assert set(found) == ({"images", "labels"} if card_id in CONDITIONAL else {"images"})
    if card_id in CONDITIONAL:
        shares = [i % len(about.labels) for i in range(12)]
        assert found["labels"].tolist() == shares
        again = run.sample(card_id, 12, 3, label=[about.labels[i] for i in shares], **short).samples.uint8()
        assert np.abs(again.reshape(found["images"].shape).astype(int) - found["images"]).max() <= 2


@pytest.mark.parametrize("card_id", WRITERS)
def test_sample_writes_texts(card_id: str, tmp_path: Path, capsys):
    out = tmp_path / "x.txt"
    asked = ["--set", "prompt=The king", "--set", "max_new_tokens=20", "--set", "continued=1,2"]
    assert main(["sample", card_id, "-n", "2", "--seed", "3", "--out", str(out), *asked]) == 0
    texts = run.sample(card_id, 2, 3, prompt="The king", max_new_tokens=20, continued=(1, 2)).samples.texts
    prompt = known_to(card_id, "The king")
    assert out.read_text() == f"--- 1 of 2 ---\n{prompt}{texts[0]}\n--- 2 of 2 ---\n{prompt}{texts[1]}\n"
    assert main(["sample", card_id, "--out", str(tmp_path / "x.png")]) == 2
    assert ".txt, got" in capsys.readouterr().err


def test_settings_are_read_by_the_type_of_their_control(tmp_path: Path):
    out = tmp_path / "x.npz"
    assert main(["sample", "gan-mnist", "-n", "4", "--out", str(out), "--set", "label=2,0,2,6", "--set", "truncation=0.5"]) == 0
    assert np.load(out)["labels"].tolist() == [2, 0, 2, 6]
    assert main(["sample", "gan-mnist", "-n", "2", "--out", str(out), "--set", "label=7"]) == 0
    assert np.load(out)["labels"].tolist() == [7, 7]
    assert main(["sample", "vae-mnist", "-n", "1", "--out", str(out), "--set", "top=0,1,-1,2,0.5,0"]) == 0
    assert (
        main(["sample", "diffusion-mnist", "-n", "1", "--out", str(out), "--set", "num_inference_steps=2", "--set", "scheduler=DDPM"]) == 0
    )


def test_a_given_picture_is_a_file(tmp_path: Path):
    drawing().save(tmp_path / "three.png")
    for card_id in GUIDED:
        label = data.get(registry.get(card_id).dataset).labels[3]
        words = ["--set", f"given={tmp_path / 'three.png'}", "--set", "strength=0.1"]
        words += ["--set", f"label={label}"] if card_id in CONDITIONAL else ["--set", f"mask={tmp_path / 'three.png'}"]
        assert main(["sample", card_id, "-n", "2", "--out", str(tmp_path / "x.npz"), *words]) == 0
    assert GUIDED


def test_sample_as_png_is_a_grid_with_its_settings_inside(tmp_path: Path):
    out = tmp_path / "x.png"
    assert main(["sample", "gan-mnist", "-n", "10", "--seed", "5", "--out", str(out)]) == 0
    with Image.open(out) as image:
        assert image.size == (8 * 28, 2 * 28)
        about = json.loads(image.text["playground"])
    assert (about["model"], about["n"], about["seed"]) == ("gan-mnist", 10, 5)
    assert about["truncation"] == 1.0


WRONG = {
    "unknown card": (["nonesuch"], "model must be one of"),
    "cannot sample": (["classifier-mnist"], "does not generate"),
    "n zero": (["gan-mnist", "-n", "0"], "n must be a whole number in [1, 1000000], got 0"),
    "n word": (["gan-mnist", "-n", "many"], "n must be a number, got 'many'"),
    "n nan": (["gan-mnist", "-n", "nan"], "n must be a whole number"),
    "seed": (["gan-mnist", "--seed", "1.5"], "seed must be a whole number"),
    "suffix": (["gan-mnist", "--out", "x.jpg"], "--out must end in .npz or .png"),
    "unknown control": (["gan-mnist", "--set", "nonesuch=1"], "label, truncation"),
    "no equals": (["gan-mnist", "--set", "truncation"], "CONTROL=VALUE"),
    "range": (["gan-mnist", "--set", "truncation=31"], "truncation must be a number in [0, 1.5], got 31"),
    "choice": (["diffusion-mnist", "--set", "scheduler=Euler"], "scheduler must be one of"),
    "label count": (["gan-mnist", "-n", "3", "--set", "label=1,2"], "label must be one class, or 3"),
    "no such picture": (["diffusion-mnist", "--set", "given=nonesuch.png"], "given must be a picture file"),
    "no picture": (["diffusion-mnist", "--set", f"given={__file__}"], "given must be a picture file"),
    "a folder": (["gan-mnist", "-n", "1", "--out", "/proc/nonesuch/x.npz"], "cannot be written"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_ends_with_one_sentence_and_status_2(name: str, tmp_path: Path, capsys):
    words, message = WRONG[name]
    out = [] if "--out" in words else ["--out", str(tmp_path / "x.npz")]
    assert main(["sample", *words, *out]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_module_runs_as_a_command(tmp_path: Path):
    words = [sys.executable, "-m", "playground", "sample", "gan-mnist", "-n", "0", "--out", str(tmp_path / "x.npz")]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert found.returncode == 2 and found.stdout == "" and found.stderr.startswith("n must be")


def test_a_sprite_cut_apart_gives_its_tiles_back():
    pixels = np.random.default_rng(0).integers(0, 256, (11, 5, 7, 3), dtype=np.uint8)
    sprite = tile(pixels, 4)
    assert sprite.shape == (15, 28, 3)
    assert np.array_equal(cut(sprite, 11, 4), pixels)
    assert np.array_equal(sprite[5:10, 7:14], pixels[5])


@pytest.mark.slow
@pytest.mark.parametrize("card", previews.drawn(), ids=lambda card: card.id)
def test_the_recorded_preview_is_what_the_shipped_weights_draw(card):
    recorded, about = previews.read(card.id)
    assert recorded.pixels.shape == (previews.N, *data.get(card.dataset).shape) and about["seed"] == previews.SEED
    assert about["weights"] == {name: entry["sha256"] for name, entry in previews.weights.record(card.id)["files"].items()}
    many = any(control.name == "num_inference_steps" for control in card.controls)
    rows = ROWS if many else [slice(0, previews.N)]  # of a card of many steps some rows: each follows its number alone
    for each in rows:
        fresh = run.part(card.id, previews.N, previews.SEED, each.start, each.stop, **equal_shares(card.controls, previews.N)).samples
        assert np.abs(fresh.uint8().astype(int) - recorded.pixels[each]).max() <= 2
        assert (fresh.labels is None and recorded.labels is None) or np.array_equal(fresh.labels, recorded.labels[each])


@pytest.mark.nightly
@pytest.mark.parametrize("card", previews.drawn(), ids=lambda card: card.id)
def test_every_row_of_the_recorded_preview_is_what_the_shipped_weights_draw(card):
    recorded, _ = previews.read(card.id)
    fresh = previews.draw(card).samples
    assert np.abs(fresh.uint8().astype(int) - recorded.pixels).max() <= 2
    assert (fresh.labels is None and recorded.labels is None) or np.array_equal(fresh.labels, recorded.labels)


def test_previews_are_written_and_read_without_loss(tmp_path: Path):
    paths = previews.write(("gan-mnist",), tmp_path)
    assert [path.name for path in paths] == ["gan-mnist.png"]
    found, about = previews.read("gan-mnist", tmp_path)
    assert np.array_equal(found.pixels, previews.draw(registry.get("gan-mnist")).samples.uint8())
    assert found.labels.tolist() == [i % 10 for i in range(previews.N)] and about["nfe"] == 1


@pytest.mark.parametrize("damage", ["", "{}", '{"n": 3}'])
def test_a_missing_or_damaged_preview_says_how_to_make_it(tmp_path: Path, damage: str):
    with pytest.raises(previews.PlaygroundError, match="python -m playground previews"):
        previews.read("gan-mnist", tmp_path)
    (tmp_path / "gan-mnist.json").write_text(damage)
    with pytest.raises(previews.PlaygroundError, match="python -m playground previews"):
        previews.read("gan-mnist", tmp_path)


def test_the_readme_holds_what_the_command_writes(tmp_path: Path):
    copy = tmp_path / "README.md"
    copy.write_text((ROOT / "README.md").read_text(encoding="utf-8"), encoding="utf-8")
    readme.write(copy)
    assert copy.read_text(encoding="utf-8") == (ROOT / "README.md").read_text(encoding="utf-8"), "run python -m playground readme"
    copy.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks the markers"):
        readme.write(copy)
