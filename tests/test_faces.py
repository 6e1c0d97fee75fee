"""The toy faces: the same from the same seed, as their factors and captions say, and distributed as published."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from playground import data
from playground.controls import Slider
from playground.data import face_drawing, faces
from playground.errors import ControlError

PLAIN = faces.checked({})


@pytest.fixture(scope="module")
def drawn_values() -> list[faces.Values]:
    """The factors of 6,000 faces."""
    return [faces.values_of(seed) for seed in range(6000)]


def share(values: list[faces.Values], name: str, word: str) -> float:
    """How many of the faces have that word."""
    return float(np.mean([value[name] == word for value in values]))


def test_a_seed_is_a_face_for_ever():
    assert faces.values_of(3) == faces.values_of(3) != faces.values_of(4)
    one, other = faces.make([3]), faces.make([2, 3])
    assert np.array_equal(one.pixels[0], other.pixels[1]) and one.captions[0] == other.captions[1]
    assert one.pixels.shape == (1, 64, 64, 3) and one.pixels.dtype == np.uint8
    assert np.abs(faces.draw(faces.values_of(3)).astype(float).mean((0, 1)) - one.pixels[0].mean((0, 1))).max() == 0


def test_splits_have_seeds_of_their_own(monkeypatch):
    sizes = faces.DATASET.sizes
    spans = sorted((faces.FIRST_SEED[split], faces.FIRST_SEED[split] + count) for split, count in sizes.items())
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
    assert sizes["train"] == 50_000 and faces.FIRST_SEED["train"] == 0 and faces.FIRST_SEED["test"] == 1_000_000


def test_a_split_drawn_on_several_cores_is_the_same(monkeypatch):
    monkeypatch.setitem(faces.DATASET.sizes, "valid", 12)
    monkeypatch.setattr(faces, "CHUNK", 5)
    found, alone = faces.load("valid"), faces.make(range(faces.VALID_SEED, faces.VALID_SEED + 12))
    assert np.array_equal(found.pixels, alone.pixels) and found.captions == alone.captions
    assert (found.labels == found.factors["hairstyle"]).all()
    assert all(np.array_equal(found.factors[name], alone.factors[name]) for name in alone.factors)


@pytest.mark.parametrize("factor", [factor for factor in faces.FACTORS if factor.name != "hat"], ids=lambda factor: factor.name)
def test_every_factor_changes_the_picture(factor):
    values = np.linspace(factor.minimum, factor.maximum, 3).tolist() if isinstance(factor, Slider) else factor.choices
    base = {**PLAIN, "age": 70.0, "hat": "none"}
    pictures = [faces.draw({**base, factor.name: value}).astype(float) for value in values]
    differences = [np.abs(a - b).max() for k, a in enumerate(pictures) for b in pictures[:k]]
    assert min(differences) > 15, "of 255, at the point that changes most"


def test_age_and_smile_change_it_all_along_their_range():
    for name, values in (("age", np.linspace(20, 90, 8)), ("smile", np.linspace(-1, 1, 9))):
        pictures = [faces.draw({**PLAIN, name: value}).astype(float) for value in values]
        assert all(np.abs(a - b).mean() > 0.1 for a, b in zip(pictures, pictures[1:], strict=False)), name


def test_the_ink_style_draws_the_same_person_in_black_and_white():
    ink = faces.draw(PLAIN, "ink")
    assert ink.shape == (64, 64, 3) and (ink.max(2).astype(int) - ink.min(2)).max() < 30 and ink.std() > 40
    assert not np.array_equal(ink, faces.draw({**PLAIN, "hairstyle": "curly"}, "ink"))
    with pytest.raises(ControlError, match="style must be paint or ink"):
        faces.draw(PLAIN, "oil")


def test_the_joint_distribution_is_the_published_one(drawn_values):
    n, values = len(drawn_values), drawn_values
    error = 4 * 0.5 / n**0.5
    assert abs(share(values, "hat", "none") - (0.6 * 6 + 3) / 9) < 0.03
    assert not [v for v in values if v["hat"] != "none" and v["hairstyle"] in faces.NO_HAT_OVER]
    for word, expected in faces.HAIR_SHARES.items():
        assert abs(share(values, "hair_colour", word) - expected) < error
    for name, word, expected in (("beard", "full", 0.2), ("earrings", "gold", 0.3), ("nose", "long", 1 / 3), ("eye_colour", "blue", 1 / 3)):
        assert abs(share(values, name, word) - expected) < error, name
    young, old = ([v for v in values if low <= v["age"] < high] for low, high in ((20, 30), (80, 90)))
    assert abs(share(young, "hairstyle", "bald") - 0.04) < 0.04 and abs(share(old, "hairstyle", "bald") - 0.28) < 0.07
    assert abs(share(young, "glasses", "none") - 0.72) < 0.07 and abs(share(old, "glasses", "none") - 0.38) < 0.07
    ages = np.asarray([v["age"] for v in values])
    assert abs(ages.mean() - 55) < 1.5 and 20 <= ages.min() and ages.max() <= 90
    told = data.get("faces").shares
    assert set(told) == set(faces.HAIRSTYLES) and sum(told.values()) == pytest.approx(1)
    assert all(abs(share(values, "hairstyle", word) - expected) < error for word, expected in told.items())


def test_skin_tone_is_independent_of_every_other_factor(drawn_values):
    coded = faces.coded(drawn_values)
    tones = len(face_drawing.SKIN)
    for factor in faces.FACTORS:
        if factor.name == "skin_tone":
            continue
        value = coded[factor.name]
        bins = np.digitize(value, np.quantile(value, [0.25, 0.5, 0.75])) if isinstance(factor, Slider) else value
        table = np.asarray([[np.sum((bins == b) & (coded["skin_tone"] == t)) for t in range(tones)] for b in np.unique(bins)], float)
        expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
        freedom = (table.shape[0] - 1) * (tones - 1)
        chi2 = ((table - expected) ** 2 / expected).sum()
        assert chi2 < freedom + 4.5 * (2 * freedom) ** 0.5, factor.name


GENDER = re.compile(r"\b(man|woman|men|women|boy|girl|lady|gentleman|he|she|his|her|male|female)\b")


def test_captions_name_only_what_is_drawn(drawn_values):
    captions = [faces.caption(value, seed) for seed, value in enumerate(drawn_values)]
    for text, value in zip(captions, drawn_values, strict=True):
        assert not GENDER.search(text), text
        assert ("glasses" in text) == (value["glasses"] != "none"), text
        assert ("beard" in text) == (value["beard"] == "full") and ("moustache" in text) == (value["beard"] == "moustache"), text
        assert (value["hat"] in text) or value["hat"] == "none", text
        assert "bald" not in text or (value["hairstyle"] == "bald" and value["hat"] == "none"), text
        assert ("old" in re.findall(r"\w+", text)) == (value["age"] >= 65), text
        assert "laughing" not in text or value["smile"] > 0.6, text
    assert len(set(captions)) > 0.95 * len(captions), "varied wording"
    assert Counter(text.split()[0] for text in captions).most_common(1)[0][1] < 0.8 * len(captions)
    assert faces.caption(drawn_values[0], 0) == captions[0]


def test_a_person_s_picture_becomes_one_sample():
    wide = Image.new("RGB", (300, 200), (10, 200, 30))
    found = data.from_picture("faces", wide)
    assert found.pixels.shape == (1, 64, 64, 3) and (found.pixels[0, 32, 32] == (10, 200, 30)).all()
    assert data.from_picture("faces", Image.new("RGBA", (90, 90), (0, 0, 0, 0))).pixels.min() == 255, "transparent is paper"
    again = data.from_picture("faces", Image.fromarray(faces.make([5]).pixels[0]))
    assert np.array_equal(again.pixels, faces.make([5]).pixels), "a face of the set comes back as it is"
    for wrong in (np.zeros((1, 9), np.uint8), np.zeros((64, 64, 3), np.float32), None):
        with pytest.raises(ControlError, match="at least 2 x 2"):
            data.from_picture("faces", wrong)


def test_impossible_faces_are_refused_in_one_sentence():
    for given, words in (
        ({"hat": "cap", "hairstyle": "bun"}, "hat must be none over the hairstyle bun"),
        ({"age": 130.0}, r"age must be a number in \[20, 90\], got 130"),
        ({"glasses": "monocle"}, "glasses must be one of none, round, square"),
        ({"mood": "good"}, "a face has no control named 'mood'"),
    ):
        with pytest.raises(ControlError, match=words):
            faces.checked(given)


def test_a_wall_holds_what_is_fixed_and_varies_the_rest():
    found = data.drawn("faces", 12, 3, {"age": 88, "hat": "cap", "glasses": "round"})
    factors = {factor.name: factor for factor in faces.FACTORS}
    assert (found.factors["age"] == 88).all() and (found.factors["hat"] == factors["hat"].choices.index("cap")).all()
    assert (found.factors["glasses"] == factors["glasses"].choices.index("round")).all()
    styles = {faces.HAIRSTYLES[k] for k in found.factors["hairstyle"]}
    assert len(styles) > 2 and not styles & set(faces.NO_HAT_OVER)
    assert len({picture.tobytes() for picture in found.pixels}) == 12
    assert np.array_equal(found.pixels, data.drawn("faces", 12, 3, {"age": 88, "hat": "cap", "glasses": "round"}).pixels)
    assert not np.array_equal(found.pixels, data.drawn("faces", 12, 4, {"age": 88, "hat": "cap", "glasses": "round"}).pixels)


def test_what_depends_on_a_fixed_factor_follows_it():
    old, young = (np.mean([faces.values_of(seed, {"age": age})["glasses"] != "none" for seed in range(1500)]) for age in (90.0, 20.0))
    assert abs(old - 0.65) < 0.06 and abs(young - 0.25) < 0.06
    assert faces.values_of(5) == faces.values_of(5, {})


@pytest.mark.parametrize("fixed", [{"age": 200}, {"wings": 2}, {"hat": "cap", "hairstyle": "mohawk"}, {"smile": float("nan")}])
def test_a_wall_of_what_cannot_be_is_refused(fixed: dict):
    with pytest.raises(ControlError):
        data.drawn("faces", 2, 0, fixed)
    with pytest.raises(ControlError, match="mnist are not known"):
        data.drawn("mnist", 2, 0, {})


def test_a_trial_asks_for_what_no_caption_ever_said():
    texts, named, real = data.trials("faces", 40)
    seen = {caption for caption in faces.captions()}
    assert not seen & set(texts) and len(set(texts)) == 40 and real.pixels.shape == (40, 64, 64, 3)
    pairs = [{name: word for name, word in pair} for pair in faces.HELD_OUT]
    for row, said in enumerate(named):
        held = [pair for pair in pairs if pair.items() <= {**said, "hairstyle": said["hairstyle"]}.items()]
        assert bool(held) or row % 2 == 0, "every second one names a pair that was never shown"
        assert {"age", "smile", "hairstyle"} <= set(said)
    assert not data.unknown_words("faces", " ".join(texts))


def test_no_training_caption_names_who_it_is_behind_all_that_the_face_has():
    loose = 0
    for text in faces.captions():
        pieces = re.split(r", | and | with |: ", text)
        loose += " with " not in text
        who = next(k for k, piece in enumerate(pieces) if re.search(r"\b(person|face)\b", piece))
        has = [
            k
            for k, piece in enumerate(pieces)
            if re.search(r"hair|head|mohawk|pigtails|bob|bun|beard|moustache|glasses|earrings|eyes|skin|nose", piece)
        ]
        assert who < max(has), text
    assert abs(loose / faces.WORDED - faces.LOOSE) < 0.03, "as people type: one thing after the other, in any order"


def test_what_a_caption_names_is_what_its_face_has(drawn_values):
    for seed, values in enumerate(drawn_values[:300]):
        text, named = faces.described(values, seed)
        assert text == faces.caption(values, seed)
        for name, said in named.items():
            if isinstance(said, tuple):
                assert said[0] <= values[name] <= said[1]
            else:
                assert said == values[name]


def test_words_that_no_caption_has_are_found_once_and_in_order():
    assert data.unknown_words("faces", "A cat, on the MOON with round glasses; cat!") == ("cat", "on", "the", "moon")
    for phrase in data.phrases("faces"):
        assert not data.unknown_words("faces", phrase), phrase
    with pytest.raises(ControlError, match="captions"):
        data.trials("mnist", 2)
