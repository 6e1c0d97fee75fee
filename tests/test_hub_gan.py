"""GANs of the Hub: our readable generators against the published code, safetensors made of a pickle by a command alone, the tab as before."""

from __future__ import annotations

import dataclasses
import functools
import html
import pickle
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from playground import convert, hub, registry, run, weights
from playground.__main__ import main
from playground.cards import hub_gan as cards
from playground.errors import ControlError, PlaygroundError, WeightsUnavailable
from playground.sampling.latents import slerp_path
from playground.types import ModelCard
from tabs import gan
from tests import hub_layout, hub_server
from tests.lazy import lazy

pytestmark = pytest.mark.slow

biggan = lazy("playground.models.biggan")
dcgan = lazy("playground.models.dcgan")

TINY = {"channel_width": 8, "z_dim": 12, "num_classes": 1000}
SLIPS = (7, 14, 28, 29, 47)  # fiftieths at which the published code takes a neighbour's statistics: its quotient is no whole number

WORDNET = """
01443537 01614925 01644373 01770393 01806143 01818515 01910747 02007558 02056570 02099601 02110185 02111889 02119022 02123045 02129165 02129604
02130308 02132136 02134084 02279972 02391049 02504458 02509815 02510455 02690373 02782093 02814860 02980441 03345487 03590841 04285008 04398044
04409515 07697313 07720875 07734744 07745940 07749582 07753592 07873807 07920052 09193705 09256479 09332890 09428293 09472597 11939491
"""
"""The synsets of the classes that are offered, in their order, as lists of ImageNet's classes name them."""


def published(**changes) -> torch.nn.Module:
    """The published generator with random weights and statistics."""
    from pytorch_pretrained_biggan import BigGAN as Published
    from pytorch_pretrained_biggan import BigGANConfig

    torch.manual_seed(0)
    network = Published(BigGANConfig(**changes)).eval()
    for name, buffer in network.named_buffers():
        if name.endswith("running_means"):
            buffer.normal_(0, 0.1)
        if name.endswith("running_vars"):
            buffer.uniform_(0.5, 1.5)
    for name, weight in network.named_parameters():
        if name.endswith((".bn.weight", "gamma")):
            torch.nn.init.normal_(weight, 1.0, 0.1)
        if name.endswith(".bn.bias"):
            torch.nn.init.normal_(weight, 0.0, 0.1)
    z, label = torch.randn(1, network.config.z_dim), torch.nn.functional.one_hot(torch.tensor([7]), 1000).float()
    with torch.no_grad():
        for _ in range(5):  # a spectral norm finds its vectors while training alone
            network.train()(z, label, 1.0)
    return network.eval()


@functools.cache
def tiny() -> torch.nn.Module:
    """The published generator, tiny; nobody changes it."""
    return published(**TINY)


def state_of(card: ModelCard) -> dict[str, torch.Tensor]:
    """Weights as a card's repository holds them, tiny: a copy of one's own."""
    return {name: value.clone() for name, value in _state_of(card.id).items()}


@functools.cache
def _state_of(card_id: str) -> dict[str, torch.Tensor]:
    if card_id == cards.BIGGAN.id:
        return tiny().state_dict()
    torch.manual_seed(0)
    state = dcgan.Generator(z_size=10, width=4, channels=3).state_dict()
    return {name: torch.randn_like(value) / 4 if value.ndim == 4 else value for name, value in state.items()}


@pytest.fixture(params=cards.CARDS, ids=lambda card: card.id)
def pickled(request, tmp_path: Path, monkeypatch) -> tuple[ModelCard, Path]:
    """Each card, and its weights as a pickle; the Hub's assets are empty."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    registry.unload()
    path = tmp_path / request.param.hub.pickled
    torch.save(state_of(request.param), path)
    yield request.param, path
    registry.unload()


@pytest.fixture
def card(pickled: tuple[ModelCard, Path]) -> ModelCard:
    """Each card, converted."""
    convert.convert(pickled[0], weights.sha256(pickled[1]), pickled[1])
    return pickled[0]


@pytest.mark.slow
def test_biggan_is_the_published_one_name_by_name_and_point_by_point():
    theirs = tiny()
    ours, folded = (biggan.of_state(theirs.state_dict()) for _ in range(2))
    assert {name: value.shape for name, value in ours.state_dict().items()} == {
        name: value.shape for name, value in theirs.state_dict().items()
    }
    folded.folded()
    for row in range(1, 51):
        several = row % 10 == 0 or row in SLIPS  # one class elsewhere, each in its turn
        at = torch.arange(3) if several else torch.tensor([row % 3])
        label = torch.tensor([1, 207, 999])[at]
        z = biggan.truncated(12, [torch.Generator().manual_seed(int(k)) for k in at]) * row / 50
        told = (row + 1 - 1e-9) / 50 if row in SLIPS else row / 50  # its weights are swapped: just below the next value it takes this one's
        with torch.no_grad():
            expected = theirs(z, torch.nn.functional.one_hot(label, 1000).float(), told)
            np.testing.assert_allclose(ours(z, label, row / 50), expected, atol=1e-5)
            np.testing.assert_allclose(folded(z, label, row / 50), expected, atol=1e-5)
        assert expected.isfinite().all() and expected.shape == (len(at), 3, 128, 128) and expected.std() > 0.01


@pytest.mark.parametrize("row", SLIPS)
def test_the_published_code_misses_its_own_statistics_there(row: int):
    theirs = tiny()
    z, label = torch.zeros(1, 12), torch.nn.functional.one_hot(torch.tensor([7]), 1000).float()
    with torch.no_grad():
        assert (theirs(z, label, row / 50) - theirs(z, label, (row + 1 - 1e-9) / 50)).abs().max() > 0.01


@pytest.mark.slow
def test_biggan_of_the_real_size_is_the_published_one():
    theirs = published()
    ours = biggan.of_state(theirs.state_dict())
    assert abs(4 * sum(each.numel() for each in ours.state_dict().values()) / cards.BIGGAN.hub.size_bytes - 1) < 0.02, (
        "the size that is said"
    )
    ours.folded()
    for truncation, index in ((0.02, 1), (0.5, 292), (1.0, 985)):
        z = biggan.truncated(128, [torch.Generator().manual_seed(0)]) * truncation
        with torch.no_grad():
            expected = theirs(z, torch.nn.functional.one_hot(torch.tensor([index]), 1000).float(), truncation)
            np.testing.assert_allclose(ours(z, torch.tensor([index]), truncation), expected, atol=1e-5)
        assert expected.isfinite().all() and expected.std() > 0.01


def test_dcgan_has_the_published_names_and_shapes_and_the_size_that_is_said():
    convs = {"0": (100, 512, 4, 4), "3": (512, 256, 4, 4), "6": (256, 128, 4, 4), "9": (128, 64, 4, 4), "12": (64, 3, 4, 4)}
    norms = {"1": (512,), "4": (256,), "7": (128,), "10": (64,)}
    expected = {f"model.{at}.weight": shape for at, shape in convs.items()}
    for part in ("weight", "bias", "running_mean", "running_var"):
        expected |= {f"model.{at}.{part}": shape for at, shape in norms.items()}
    expected |= {f"model.{at}.num_batches_tracked": () for at in norms}
    network = dcgan.Generator()
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == expected
    assert abs(4 * sum(each.numel() for each in network.state_dict().values()) / cards.DCGAN.hub.size_bytes - 1) < 0.01


def test_dcgan_is_its_equations_written_out():
    state = state_of(cards.DCGAN)
    for name, value in state.items():
        if name.endswith(("running_var", "bias")):
            value.uniform_(0.5, 1.5)
    x = z = torch.randn(3, 10, 1, 1)
    for k in range(dcgan.LEVELS):
        conv, norm = f"model.{3 * k}", f"model.{3 * k + 1}"
        x = F.conv_transpose2d(x, state[f"{conv}.weight"], None, *((1, 0) if k == 0 else (2, 1)))
        x = F.batch_norm(x, *(state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))).relu()
    x = F.conv_transpose2d(x, state["model.12.weight"], None, 2, 1).tanh()
    assert x.shape == (3, 3, 64, 64) and x.std() > 0.01
    np.testing.assert_allclose(dcgan.of_state(state)(z), x, atol=1e-6)


def test_every_class_has_the_number_that_the_published_code_gives_its_synset():
    from pytorch_pretrained_biggan.utils import IMAGENET as SYNSETS

    assert cards.IMAGENET == {name: SYNSETS[int(synset)] for name, synset in zip(cards.IMAGENET, WORDNET.split(), strict=True)}


def test_a_class_that_is_mistyped_is_told_those_like_it():
    with pytest.raises(ControlError, match=r"label must be one of 48 names such as .*red panda.*got 'redpanda'") as caught:
        run.sample(cards.BIGGAN.id, 1, 0, label="redpanda")
    assert len(str(caught.value)) < 200


def test_z_is_cut_off_at_two_and_each_row_is_its_own_generators():
    rows = [torch.Generator().manual_seed(k) for k in range(500)]
    z = biggan.truncated(64, rows)
    assert z.abs().max() <= biggan.CUT and abs(float(z.std()) - 0.8796) < 0.01, "the standard deviation of what is left"


def test_the_same_seed_gives_the_same_picture_at_any_n(card: ModelCard):
    many, one = (run.sample(card.id, n, 5, truncation=1.0) for n in (5, 1))
    height, width, channels = many.samples.pixels.shape[1:]
    assert channels == 3 and height == width and np.abs(many.samples.pixels[:1] - one.samples.pixels).max() <= 2 / 127.5
    assert many.step.nfe == 1 and many.origin.commit.startswith("sha256:") and card.hub.pickled in many.origin.files


def test_little_truncation_leaves_little_variety(card: ModelCard):
    label = {"label": "teapot"} if card.id == cards.BIGGAN.id else {}
    apart = {at: run.sample(card.id, 5, 5, truncation=at, **label).samples.pixels.std(0).mean() for at in (0.02, 1.0)}
    assert apart[0.02] < apart[1.0] / 5 and apart[1.0] > 0.001


def test_a_walk_begins_where_the_sample_is(card: ModelCard):
    drawn = run.sample(card.id, 2, 3, views=("z",), truncation=0.5)
    z = drawn.step.views["z"]
    assert np.abs(run.decode(card.id, z).pixels - drawn.samples.pixels).max() <= 2 / 127.5
    labels = None if z.labels is None else np.repeat(z.labels[:1], 9)
    path = dataclasses.replace(z, values=slerp_path(z.values[0], z.values[1], 9), labels=labels)
    whole = run.decode(card.id, path).pixels
    alone = run.decode(card.id, dataclasses.replace(path, values=path.values[4:5], labels=None if labels is None else labels[:1])).pixels
    assert np.abs(whole[4:5] - alone).max() <= 2 / 127.5, "a frame of the walk does not depend on the others"


def test_the_page_never_opens_the_pickle_and_says_the_command(pickled: tuple[ModelCard, Path], monkeypatch):
    card, _ = pickled
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("a pickle was opened"))
    with pytest.raises(WeightsUnavailable, match=f"python -m playground convert {card.id} --sha256"):
        run.sample(card.id, 1, 0)
    with gr.Blocks() as demo:
        gan.build()
    handlers = {function.fn.__name__: function.fn for function in demo.fns.values() if function.fn}
    said, row, *_ = handlers["chosen"](card.id, 16, "gan-mnist")
    words = html.unescape(said["value"])
    assert not row["visible"], "no button"
    for each in (hub.convert_command(card), f'href="{hub.pickle_url(card)}"', card.licence, hub.size_of(card), "stays chosen"):
        assert each in words
    assert "none stated" in card.licence and f" {card.hub.seconds[0]:.1g} s a picture" in words


@pytest.mark.slow
def test_the_command_makes_safetensors_and_the_tab_draws_and_walks(pickled: tuple[ModelCard, Path], capsys):
    card, path = pickled
    assert main(["convert", card.id, "--file", str(path), "--sha256", weights.sha256(path)]) == 0
    assert [each.name for each in sorted(hub.folder(card).iterdir())] == ["model.safetensors", "record.json"]
    with gr.Blocks() as demo:
        gan.build()
    chosen = next(function.fn for function in demo.fns.values() if function.fn and function.fn.__name__ == "chosen")
    told, row, *_ = chosen(card.id, 2, "gan-mnist")
    assert f"SHA-256 {weights.sha256(path)[:12]}" in told["value"] and card.licence in told["value"] and not row["visible"]
    drawing = next(function for function in demo.fns.values() if function.fn and function.fn.__name__ == "draw")
    walking = next(function for function in demo.fns.values() if function.fn and function.fn.__name__ == "walk_through")
    label = cards.BIGGAN.controls[0].classes[3]
    values = [
        {"Model": card.id, "n (samples)": 2, "Digit": label}.get(getattr(block, "label", ""), block.value) for block in drawing.inputs
    ]
    values = [min(value, 1.0) if isinstance(value, float) else value for value in values]
    *_, last = drawing.fn(*values)
    assert "badge live" in last and card.id in last and f"SHA-256 {weights.sha256(path)[:12]}" in last
    assert 'data-frames="24"' in walking.fn(*values[:1], *values[2:])


def of_other_pictures(card: ModelCard) -> dict[str, torch.Tensor]:
    """Weights of the same kind of network that draws pictures of another shape: of 256 points a side, or with two channels."""
    if card.id == cards.BIGGAN.id:
        widths = (16, 16, 16, 16, 8, 8, 8, 8, 4, 4, 2, 2, 1)
        layers = [(k % 2 == 1, inside, outside) for k, (inside, outside) in enumerate(zip(widths[:-1], widths[1:], strict=True))]
        return published(**TINY, layers=layers).state_dict()
    return dcgan.Generator(z_size=10, width=4, channels=2).state_dict()


def with_one_wrong_number(card: ModelCard) -> dict[str, torch.Tensor]:
    state = state_of(card)
    next(value for value in state.values() if value.ndim == 4).view(-1)[7] = float("nan")
    return state


WRONG = {
    "another hash": "is not the file that is meant",
    "no hash": "must be the 64 hex digits",
    "far too large": "is not the file that is meant: it has 0.6 GB",
    "poison": "something other than plain tensors",
    "poison among tensors": "something other than plain tensors",
    "torn": "is damaged or holds something other",
    "empty": "is damaged or holds something other",
    "other shapes": "does not hold the weights",
    "other pictures": "does not hold the weights",
    "a name too few": "does not hold the weights",
    "a name too many": "does not hold the weights",
    "not finite": "some of its numbers are not finite",
    "no names": "does not hold the weights",
    "nothing": "there is none of the name",
    "a folder": "there is none of the name",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_the_file_that_is_meant_is_one_sentence_and_writes_nothing(pickled: tuple[ModelCard, Path], wrong: str, capsys):
    card, path = pickled
    poison, some = hub_layout.Poison(path.with_name("poisoned")), state_of(card)
    held = {
        "poison among tensors": lambda: {**some, "extra": poison},
        "other shapes": lambda: {name: torch.zeros(3, 3) for name in some},
        "other pictures": lambda: of_other_pictures(card),
        "a name too few": lambda: dict(list(some.items())[:-1]),
        "a name too many": lambda: {**some, "extra": torch.zeros(1)},
        "not finite": lambda: with_one_wrong_number(card),
        "no names": lambda: [torch.zeros(3)],
    }
    if wrong in held:
        torch.save(held[wrong](), path)
    elif wrong == "poison":
        path.write_bytes(pickle.dumps(poison))
    elif wrong in ("torn", "empty"):
        path.write_bytes(path.read_bytes()[: {"torn": 2000, "empty": 0}[wrong]])
    elif wrong == "far too large":
        with path.open("r+b") as file:
            file.truncate(600_000_000)  # a hole: it takes no room
    digest = {"another hash": "0" * 64, "no hash": "yes", "far too large": "0" * 64}.get(wrong) or weights.sha256(path)
    if wrong in ("nothing", "a folder"):
        path.unlink()
    if wrong == "a folder":
        path.mkdir()
    capsys.readouterr()
    assert main(["convert", card.id, "--file", str(path), "--sha256", digest]) == 2
    said = capsys.readouterr().err.strip()
    assert WRONG[wrong] in said and "\n" not in said and str(path.parent) not in said
    assert hub.folder(card) is None and not path.with_name("poisoned").exists()
    assert not hub.converted(card).parent.exists() or not any(hub.converted(card).parent.iterdir()), "nothing is left behind"


def test_that_poison_would_have_been_seen(tmp_path: Path):
    torch.save({"extra": hub_layout.Poison(tmp_path / "poisoned")}, tmp_path / "x.bin")
    torch.load(tmp_path / "x.bin", weights_only=False)
    assert (tmp_path / "poisoned").exists()


def test_a_file_that_changes_after_it_was_hashed_is_not_what_is_opened(pickled: tuple[ModelCard, Path], monkeypatch):
    card, path = pickled
    digest, opened = weights.sha256(path), torch.load

    def swapped(what, **options):
        path.write_bytes(pickle.dumps(hub_layout.Poison(path.with_name("poisoned"))))
        return opened(what, **options)

    monkeypatch.setattr("torch.load", swapped)
    convert.convert(card, digest, path)
    assert hub.conversion(card)["sha256"] == digest and not path.with_name("poisoned").exists()
    monkeypatch.undo()


@pytest.mark.parametrize("how", ["of 2019", "half precision", "two names for one tensor"])
def test_what_else_a_pickle_may_be_is_taken_all_the_same(pickled: tuple[ModelCard, Path], how: str):
    card, path = pickled
    state = state_of(card)
    if how == "half precision":
        state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    elif how == "two names for one tensor":
        first, second = [name for name, value in state.items() if name.endswith(("running_mean", "running_means"))][-2:]
        same = [name for name in state if state[name].shape == state[first].shape and name != first and state[name].is_floating_point()]
        state[same[0]] = state[first]
    torch.save(state, path, _use_new_zipfile_serialization=how != "of 2019")
    convert.convert(card, weights.sha256(path).upper(), path)
    made = convert.converted_state(card)
    assert set(made) == set(state) and all(value.dtype in (torch.float32, torch.int64) for value in made.values())
    assert all(torch.equal(made[name], value.to(made[name].dtype)) for name, value in state.items())
    assert run.sample(card.id, 1, 0).done


def test_a_conversion_that_fails_leaves_the_one_before(card: ModelCard, tmp_path: Path, monkeypatch):
    before = hub.conversion(card)
    path = tmp_path / card.hub.pickled
    torch.save({name: value + 1 for name, value in state_of(card).items()}, path)
    with monkeypatch.context() as patch:
        patch.setattr("safetensors.torch.save_file", full_disk)
        with pytest.raises(WeightsUnavailable, match=r"could not be written .*No space left on device.*make room"):
            convert.convert(card, weights.sha256(path), path)
    assert hub.conversion(card) == before and [each.name for each in hub.converted(card).parent.iterdir()] == [card.id]
    convert.convert(card, weights.sha256(path), path)
    assert hub.conversion(card) != before and [each.name for each in hub.converted(card).parent.iterdir()] == [card.id]


def full_disk(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("wrong", ["one bit", "torn", "no record", "no JSON", "half a record", "no weights"])
def test_what_is_not_as_it_was_written_is_one_sentence_and_the_page_stays(card: ModelCard, wrong: str):
    file, record = (hub.converted(card) / name for name in (weights.NAME, "record.json"))
    raw = file.read_bytes()
    if wrong == "one bit":
        file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif wrong == "torn":
        file.write_bytes(raw[:500])
    elif wrong == "no weights":
        file.unlink()
    elif wrong == "no record":
        record.unlink()
    else:
        record.write_text({"no JSON": "{", "half a record": '{"sha256": "0"}'}[wrong])
    with pytest.raises(WeightsUnavailable, match=f"python -m playground convert {card.id} --sha256 HEX") as caught:
        run.sample(card.id, 1, 0)
    assert "\n" not in str(caught.value) and "/tmp" not in str(caught.value) and "Hub's cache" not in str(caught.value)
    with gr.Blocks() as demo:
        gan.build()
    handlers = {function.fn.__name__: function.fn for function in demo.fns.values() if function.fn}
    assert handlers["chosen"](card.id, 16, "gan-mnist") and run.sample("gan-mnist", 1, 0).done
    assert (hub.origin(card) is None) == (wrong not in ("one bit", "torn"))


def test_a_shipped_model_needs_none_of_it():
    with pytest.raises(PlaygroundError, match="gan-mnist needs no conversion"):
        convert.convert(registry.get("gan-mnist"), "0" * 64)


def test_the_command_fetches_the_file_itself_and_checks_it_before_it_is_opened(
    pickled: tuple[ModelCard, Path], tmp_path: Path, monkeypatch
):
    card, path = pickled
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote" / path.name).write_bytes(path.read_bytes())
    with hub_server.serving({card.hub.repo_id: tmp_path / "remote"}) as served:
        hub_server.use(served, monkeypatch, tmp_path)
        monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("a pickle was opened"))
        with pytest.raises(WeightsUnavailable, match="is not the file that is meant"):
            convert.convert(card, "0" * 64)
        monkeypatch.undo()
    assert not hub.converted(card).exists()
