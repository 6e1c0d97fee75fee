"""One rule for masks, for every common way to send one; what selects nothing or everything is said before any model runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from playground import data, registry, run
from playground.controls import Given
from playground.data import masks, picture_files
from playground.errors import ControlError
from tests.conftest import drawing
from tests.picture_making import card, even, scene, sixteen, uri

MASKED = [card for card in registry.cards() if any(isinstance(control, Given) and control.masks for control in card.controls)]


BLOT = Image.new("L", (256, 256))


ImageDraw.Draw(BLOT).ellipse((70, 90, 180, 200), fill=255)


OTHER = Image.eval(BLOT, lambda value: 255 - value)


FACE = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)


def flat(colour: tuple[int, int, int], alpha: Image.Image) -> Image.Image:
    """A layer of one colour."""
    found = Image.new("RGBA", alpha.size, colour)
    found.putalpha(alpha)
    return found


def over_faint(value: int) -> Image.Image:
    """White on black with that alpha all over."""
    return even(value, BLOT)


MASKS = {
    "white on black": BLOT,
    "white on black, RGB": BLOT.convert("RGB"),
    "white on black, 1 bit": BLOT.convert("1"),
    "white on black, 16 bits": sixteen(BLOT, 1),
    "white on black, opaque alpha": BLOT.convert("RGBA"),
    "white on black, alpha 254": over_faint(254),
    "shades of 0 and 1": Image.fromarray((np.asarray(BLOT) > 127).astype(np.uint8)),
    "a palette": BLOT.convert("RGB").quantize(4),
    "yellow on black": Image.merge("RGB", [BLOT, BLOT, Image.new("L", BLOT.size)]),
    "red on black": Image.merge("RGB", [BLOT, Image.new("L", BLOT.size), Image.new("L", BLOT.size)]),
    "white strokes on transparent white": flat((255, 255, 255), BLOT),
    "white strokes on transparent black": Image.merge("RGBA", [BLOT, BLOT, BLOT, BLOT]),
    "white strokes at half opacity": flat((255, 255, 255), BLOT.point(lambda v: v // 2)),
    "black strokes on transparent": flat((0, 0, 0), BLOT),
    "red strokes on transparent": flat((255, 0, 0), BLOT),
    "green strokes at a third": flat((0, 200, 0), BLOT.point(lambda v: v // 3)),
    "grey with alpha": Image.merge("LA", [BLOT, BLOT]),
    "the mask in alpha, colours of a picture": Image.merge("RGBA", [*Image.fromarray(FACE).split(), BLOT]),
    "a part of the picture erased": Image.merge("RGBA", [*Image.fromarray(FACE).split(), OTHER]),
    "a hole in a black sheet": flat((0, 0, 0), OTHER),
    "a hole in a white sheet": flat((255, 255, 255), OTHER),
    "a hole in a grey sheet": flat((128, 128, 128), OTHER),
}


@pytest.mark.parametrize("name", MASKS)
def test_every_common_way_to_send_a_mask_selects_the_same_part(name: str):
    found = data.from_mask("faces", picture_files.from_uri(uri(MASKS[name]))).pixels
    assert found.shape == (1, 64, 64, 3) and set(np.unique(found)) == {0, 255}
    assert np.array_equal(found, data.from_mask("faces", BLOT).pixels)


def test_black_on_white_is_the_opposite_of_white_on_black():
    both = (data.from_mask("faces", sheet).pixels for sheet in (BLOT, OTHER))
    assert (np.not_equal(*both)).mean() > 0.995, "all but the points at whose middle the edge lies"


def test_white_on_a_black_card_keeps_the_transparent_margin():
    found = masks.selected(card("0", ink=255, paper=0))
    assert not found[:40].any() and found.any() and np.array_equal(found[40:240, 40:240], np.asarray(drawing("0")) >= 128)


def test_white_painted_over_a_part_of_the_border_is_still_what_is_selected():
    half = Image.new("L", (100, 100))
    half.paste(255, (0, 0, 100, 60))
    assert masks.selected(flat((255, 255, 255), half))[:60].all()
    with pytest.raises(ControlError, match="mask .* not clear"):
        masks.selected(flat((0, 0, 0), half))


def test_a_mask_covers_the_picture_s_middle_square():
    wide = Image.new("L", (200, 100))
    wide.paste(255, (50, 0, 100, 100))  # the left half of the middle square
    found = data.from_mask("faces", wide).pixels[0, :, :, 0]
    assert (found[:, :32] == 255).all() and (found[:, 32:] == 0).all()


@pytest.mark.parametrize("model", MASKED, ids=lambda card: card.id)
@pytest.mark.parametrize("shade, words", [(0, "selects nothing"), (255, "selects the whole picture")])
def test_a_mask_of_nothing_or_of_everything_is_said_before_any_model_runs(model, shade: int, words: str, monkeypatch: pytest.MonkeyPatch):
    from tabs import api

    monkeypatch.setattr(registry, "load", lambda card_id: pytest.fail("a model was loaded"))
    (control,) = (each for each in model.controls if isinstance(each, Given) and each.masks)
    picture = np.zeros((1, *control.shape), np.uint8)
    mask = np.full((1, *control.shape), shade, np.uint8)
    with pytest.raises(ControlError, match=f"mask {words}"):
        run.stream(model.id, 1, 1, given=picture, mask=mask)
    sheet = Image.fromarray(mask[0])
    values = [1, 1, *({"given": uri(scene()), "mask": uri(sheet)}.get(each.name, each.default) for each in model.controls)]
    with pytest.raises(ControlError, match=f"mask {words}"):
        api.sampler(model)(*values)


@pytest.mark.parametrize("model", MASKED, ids=lambda card: card.id)
def test_a_mask_of_nothing_is_said_on_the_command_line(
    model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    from playground.__main__ import main

    monkeypatch.setattr(registry, "load", lambda card_id: pytest.fail("a model was loaded"))
    scene().save(tmp_path / "face.jpg")
    Image.new("RGBA", (64, 64)).save(tmp_path / "mask.png")
    words = ["sample", model.id, "-n", "1", "--out", str(tmp_path / "out.png"), "--set", f"given={tmp_path / 'face.jpg'}"]
    assert main([*words, "--set", f"mask={tmp_path / 'mask.png'}"]) == 2
    assert "mask selects nothing" in capsys.readouterr().err


@pytest.mark.parametrize("model", MASKED, ids=lambda card: card.id)
def test_a_mask_without_a_picture_is_refused_before_any_model_runs(model, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "load", lambda card_id: pytest.fail("a model was loaded"))
    (control,) = (each for each in model.controls if isinstance(each, Given) and each.masks)
    mask = np.zeros((1, *control.shape), np.uint8)
    mask[:, :9] = 255
    with pytest.raises(ControlError, match="mask needs a picture"):
        run.stream(model.id, 1, 1, mask=mask)
