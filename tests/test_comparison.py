"""Compare: the number to write, one request to all families, the table, the verdict, what can be carried away."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from playground import comparison, language, registry, tables, verdict
from playground.controls import shown
from playground.errors import ControlError, PlaygroundError
from playground.metrics import measurements
from playground.types import Images, Measurement
from tabs import api, export, table

IDS = {family: card.id for family, card in comparison.chosen().items()}
EYES = "classifier-mnist"
REFEREE = "referee-mnist"


def number(family: str, metric: str, value: float, **known: object) -> Measurement:
    """One synthetic measurement of a family's card."""
    about = {"n": 10_000, "seed": 0, "split": "test", "extractor": EYES} | known
    if metric in ("seconds", "nfe"):
        about |= {"n": 64, "split": "", "extractor": None, "machine": known.get("machine", "box")}
    return Measurement(IDS[family], metric, value, **about)


def measured(**metrics: dict[str, float]) -> list[Measurement]:
    """measured(precision={"gan": 0.9, ...}, ...), with floors as real pictures would have."""
    floors = {"precision": 0.94, "recall": 0.93, "coverage": 0.95, "fid": 0.5}
    return [number(family, metric, value, floor=floors.get(metric)) for metric, of in metrics.items() for family, value in of.items()]


def say(found: list[Measurement]) -> str:
    return verdict.verdict(found, IDS)


# The number


@pytest.mark.parametrize(
    ("given", "digits"),
    [
        ("2026", "2026"),
        (" 7 ", "7"),
        ("24.12.1990", "24121990"),
        ("1990-12-24", "19901224"),
        ("24/12/90", "241290"),
        ("123456789012", "123456789012"),
        (2026, "2026"),
        ("007", "007"),
    ],
)
def test_digits_of_a_number_or_a_date(given, digits):
    assert comparison.digits_of(given) == tuple(digits)


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "abc",
        "12a",
        "-5",
        "1.5",
        "1234567890123",
        "24.12-1990",
        "٣٤",
        "²",
        "1\n2",
        "=1+1",
        "1" * 300_000,
        None,
        True,
        2.5,
        -1,
        math.nan,
        10**12,
        10**5000,
        ["2"],
        {"a": 1},
    ],
    ids=lambda given: shown(given)[:20],
)
def test_anything_else_gets_one_short_sentence(given):
    with pytest.raises(ControlError, match=r"^number must be 1 to 12 digits, or a date such as 24\.12\.1990; got ") as caught:
        comparison.digits_of(given)
    assert len(str(caught.value)) < 200 and "\n" not in str(caught.value)


# One request to all


def test_one_card_stands_for_each_family_and_can_sample():
    assert tuple(IDS) == comparison.ORDER
    assert all("sample" in registry.get(card_id).can and registry.get(card_id).family == family for family, card_id in IDS.items())
    assert set(comparison.QUICK_FIRST) == set(comparison.ORDER) == set(comparison.WAYS)


@pytest.mark.parametrize(
    "request_",
    [
        (0, 7, "any"),
        (65, 7, "any"),
        (math.nan, 7, "any"),
        (None, 7, "any"),
        ("4", 7, "any"),
        (4, -1, "any"),
        (4, 7, "ten"),
        (4, 7, ("1", "2")),
        (4, 7, None),
        (2.5, 7, "any"),
    ],
)
def test_a_bad_request_is_refused_at_the_call_before_any_model(request_, monkeypatch):
    monkeypatch.setattr(registry, "load", lambda card_id: pytest.fail("a model was called"))
    with pytest.raises(PlaygroundError):
        comparison.draw(*request_)


def test_every_family_writes_the_number_and_repeats_it():
    def written() -> dict[str, Images]:
        return {family: found.samples for family, found in comparison.draw(2, 5, ("3", "8")) if found.done}

    first, second = written(), written()
    assert set(first) == set(comparison.ORDER)
    for family, images in first.items():
        assert len(images) == 2 and np.array_equal(images.pixels, second[family].pixels)
        assert images.labels is None or images.labels.tolist() == [3, 8]


def test_recorded_samples_are_put_together_to_a_number():
    pixels = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((20, 2, 2, 1), dtype=np.uint8)
    recorded = Images(pixels, np.arange(20) % 10)
    assert comparison.recorded_digits(recorded, tuple("2026"), tuple("0123456789")).pixels[:, 0, 0, 0].tolist() == [2, 0, 12, 6]
    assert comparison.recorded_digits(Images(pixels), tuple("2026"), None).pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


# The verdict


@pytest.mark.parametrize("order", list(itertools.permutations(verdict.GENERATORS)))
def test_the_sentence_names_the_winners_of_the_numbers(order):
    best, middle, worst = order
    found = measured(
        precision={best: 0.93, middle: 0.88, worst: 0.70},
        recall={best: 0.80, middle: 0.91, worst: 0.60},
        seconds={best: 6.0, middle: 0.1, worst: 0.5},
        fid={best: 2.0, middle: 6.0, worst: 30.0},
    )
    for shuffled in (found, found[::-1]):
        text, name = say(shuffled), verdict.NAMES
        assert f"{name[best]} looks most real (precision 0.93, real digits 0.94)" in text
        assert f"{name[middle]} varies most (recall 0.91, real digits 0.93)" in text
        assert f"{name[middle]} is 60 times faster than {name[best]}" in text
        assert f"{name[worst]} is farthest from the real ones of the three (FID 60 times that of real digits)" in text


def test_one_winner_of_both_is_named_once():
    text = say(measured(precision={"gan": 0.93, "vae": 0.8, "diffusion": 0.9}, recall={"gan": 0.9, "vae": 0.5, "diffusion": 0.8}))
    assert (
        text
        == "On these digits the GAN looks most real (precision 0.93, real digits 0.94) and varies most (recall 0.90, real digits 0.93)."
    )


def test_ties_within_the_error_are_called_ties():
    text = say(
        measured(
            precision={"gan": 0.931, "vae": 0.93, "diffusion": 0.929},
            recall={"gan": 0.9, "vae": 0.9, "diffusion": 0.9},
            seconds={"gan": 0.100, "vae": 0.105, "diffusion": 5.0},
        )
    )
    assert "the GAN, the VAE and diffusion look equally real" in text
    assert "most" not in text
    assert "the GAN and the VAE are 48 times faster than diffusion" in text


def test_a_recorded_spread_decides_what_is_a_tie():
    apart = [
        number("gan", "kid", 1.0, spread=0.1, floor=0.5, p=0.002),
        number("vae", "kid", 2.0, spread=0.1, floor=0.5, p=0.002),
        number("diffusion", "kid", 1.0, spread=0.1, floor=0.5, p=0.002),
    ]
    assert "the VAE is farthest" in say(apart)
    assert "farthest" not in say([replace(m, spread=0.5) for m in apart])
    assert "farthest" not in say([replace(m, p=None) for m in apart]), "nothing is said of a KID without a test"


def test_typical_is_not_called_most_real_where_the_whole_is_far_off():
    """A blurred digit is typical: it wins precision. That alone must not make it the most real."""
    text = say(measured(precision={"gan": 0.90, "vae": 0.97, "diffusion": 0.92}, fid={"gan": 6.0, "vae": 30.0, "diffusion": 3.0}))
    assert (
        "the VAE draws the most typical ones (precision 0.97" in text
        and "diffusion comes closest to real ones as a whole (FID 6.0 times" in text
    )
    assert "most real" not in text


def test_of_those_that_tie_by_precision_the_closest_looks_most_real():
    text = say(measured(precision={"gan": 0.90, "vae": 0.935, "diffusion": 0.934}, fid={"gan": 6.0, "vae": 30.0, "diffusion": 3.0}))
    assert "diffusion looks most real (precision 0.93" in text and "the VAE looks" not in text


def test_the_farthest_is_named_only_if_the_second_judge_agrees():
    found = measured(fid={"gan": 6.0, "vae": 30.0, "diffusion": 3.0})
    agrees = [number(family, "fid", value, extractor=REFEREE) for family, value in (("gan", 7.0), ("vae", 33.0), ("diffusion", 4.0))]
    differs = [number(family, "fid", value, extractor=REFEREE) for family, value in (("gan", 40.0), ("vae", 33.0), ("diffusion", 4.0))]
    assert "the VAE is farthest" in say(found + agrees)
    assert "farthest" not in say(found + differs)


def test_nothing_is_said_of_what_is_not_measured():
    assert say([]) == verdict.NOT_MEASURED
    assert say(measured(precision={"autoencoder": 0.9})) == verdict.NOT_MEASURED
    one = say(measured(precision={"gan": 0.9}))
    assert "do not put" in one and "The VAE and diffusion are not measured yet." in one
    two = say(measured(precision={"gan": 0.9, "diffusion": 0.8}, fid={"gan": 3.0, "diffusion": 9.0}))
    assert "the GAN looks most real" in two and "of the two" in two and two.endswith("The VAE is not measured yet.")


@pytest.mark.parametrize("change", [{"n": 500}, {"split": "valid"}, {"device": "cuda"}])
def test_numbers_that_were_not_taken_alike_are_not_ranked(change):
    found = measured(precision={"gan": 0.9, "vae": 0.8, "diffusion": 0.7})
    assert "looks most real" in say(found)
    assert "looks most real" not in say([replace(found[0], **change), *found[1:]])


def test_seconds_of_different_machines_are_not_compared_and_nan_counts_as_missing():
    found = measured(seconds={"gan": 0.1, "vae": 0.1, "diffusion": 5.0})
    assert "faster" in say(found) and "faster" not in say([replace(found[0], machine="another"), *found[1:]])
    assert "the GAN" not in say(measured(precision={"gan": math.nan, "vae": 0.9, "diffusion": 0.8})).split(".")[0]


# The table


def full() -> list[Measurement]:
    quality = {"precision": 0.9, "recall": 0.8, "density": 0.9, "coverage": 0.85, "fid": 5.0, "kid": 0.02, "class_right": 0.98}
    found = [
        number(family, metric, value * (1 + 0.01 * k), floor=0.9 * value)
        for metric, value in quality.items()
        for k, family in enumerate(IDS)
    ]
    found += [
        number(family, metric, quality[metric], floor=quality[metric] / 2, extractor=REFEREE)
        for metric in ("fid", "kid", "class_right")
        for family in IDS
    ]
    found += [number(family, metric, value) for metric, value in (("seconds", 0.5), ("nfe", 20)) for family in IDS]
    return found + [
        number(family, metric, 1e6, extractor=None)
        for metric in ("parameters", "size_bytes", "training_seconds", "samples_seen")
        for family in IDS
    ]


def shown_of(found: list[Measurement]) -> str:
    known = tables.of("mnist", found)
    return table.table(known) + table.origin(known)


def test_there_is_a_table_of_digits_faces_and_text_and_none_has_an_empty_cell():
    assert list(tables.names()) == ["digits", "faces", "texts"]
    for name in tables.names().values():
        found = tables.of(name)
        assert {card.dataset for card in found.columns.values()} == {name}
        assert {"summary", "facts", "cost", "quality"} <= {row.group for row in found.rows}
        for row in found.rows:
            assert len(row.cells) == len(found.columns)
            assert all(cell.text not in ("", "–") or cell.note for cell in row.cells), (name, row.title)
    with pytest.raises(PlaygroundError, match="data must be one of mnist, faces, shakespeare; got 'cats'"):
        tables.of("cats")


def test_only_faces_have_kinds_and_only_digits_a_second_judge():
    groups = {name: {row.title for row in tables.of(name).rows} for name in tables.names().values()}
    assert "Kinds covered" in groups["faces"] and "Kinds covered" not in groups["mnist"]
    assert "FID, second judge" in groups["mnist"] and "FID, second judge" not in groups["faces"]


def test_the_sentence_over_the_models_of_text_follows_their_numbers():
    found = [m for m in measurements.read() if m.metric in ("bits_per_char", "characters_per_second")]
    said = language.sentence(found)
    swapped = language.sentence([replace(m, value=-m.value) if m.metric == "bits_per_char" else m for m in found])
    assert said.startswith("GPT of Shakespeare guesses unread text best (2.07 bits") and "Plain RNN of Shakespeare writes fastest" in said
    assert swapped.startswith("N-grams of Shakespeare guesses unread text best")
    assert language.sentence([]) == verdict.NOT_MEASURED


def test_the_first_three_rows_are_real_variety_time():
    rows = comparison.rows([])
    assert [row.title for row in rows if row.group == "summary"] == ["Looks real", "Variety", "Time"] == [row.title for row in rows[:3]]
    assert all(len(row.cells) == len(comparison.ORDER) for row in rows)


def test_without_measurements_the_table_says_how_to_make_them():
    page = shown_of([])
    assert "not measured yet: python -m playground.metrics" in page and "★" not in page


def test_a_cell_shows_value_floor_and_multiple_and_the_row_its_conditions(monkeypatch):
    monkeypatch.setattr(comparison.trainings, "read", lambda: ())  # what is recorded of the real ones says nothing of these
    row = next(row for row in comparison.rows(full()) if row.title == "FID")
    assert row.cells[0].text == "5.00" and row.cells[0].note == "real 4.50 (× 1.1)"
    assert row.conditions == f"n 10,000, seen by {EYES}, test split"
    second = next(row for row in comparison.rows(full()) if row.title == "FID, second judge")
    assert REFEREE in second.conditions


def test_cells_not_taken_alike_say_so_one_by_one_and_none_is_best():
    found = measured(precision={"gan": 0.9, "vae": 0.8, "diffusion": 0.7})
    row = next(row for row in comparison.rows([replace(found[0], n=500), *found[1:]]) if row.title == "Precision")
    assert row.conditions == "" and "n 500" in row.cells[0].note and not any(cell.is_best for cell in row.cells)


def test_best_follows_the_direction_of_the_metric():
    rows = {
        row.title: row
        for row in comparison.rows(
            measured(precision={"gan": 0.9, "vae": 0.8, "diffusion": 0.7}, fid={"gan": 9.0, "vae": 8.0, "diffusion": 3.0})
        )
    }
    assert [cell.is_best for cell in rows["Precision"].cells] == [True, False, False, False]
    assert [cell.is_best for cell in rows["FID"].cells] == [False, False, True, False]
    assert all(0 <= (cell.bar or 0) <= 1 for row in rows.values() for cell in row.cells)


def test_a_multiple_of_a_floor_that_is_noise_is_not_shown():
    m = number("gan", "kid", 0.02, spread=0.001, floor=-0.0004)
    assert comparison.beside_floor(m) == "real -0.000400"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0213, "0.0213"), (3.2, "3.20"), (147.59, "148"), (15568, "15,600"), (0, "0"), (-18.546, "-18.5"), (9.999, "10.00")],
)
def test_significant_digits_without_exponents(value, text):
    assert comparison.significant(value) == text


def test_the_page_escapes_what_measurements_hold():
    found = [replace(m, machine="<script>", command="<b>") for m in full()]
    page = shown_of(found)
    assert "<script>" not in page and "<b></code>" not in page and "&lt;script&gt;" in page


# What can be carried away


def test_csv_reads_back_with_every_field_of_the_measurements():
    found = tables.of("mnist", full())
    lines = list(csv.DictReader(io.StringIO(export.as_csv(found))))
    assert len(lines) == sum(len(row.cells) for row in found.rows)
    line = next(line for line in lines if line["row"] == "FID" and line["family"] == "gan")
    assert float(line["value"]) == 5.0 and line["extractor"] == EYES and line["n"] == "10000" and float(line["floor"]) == 4.5


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_text_is_never_a_formula(text):
    found = [replace(m, machine=text, command=text) for m in full()]
    for line in csv.DictReader(io.StringIO(export.as_csv(tables.of("mnist", found)), newline="")):
        assert not any(value.startswith(export.FORMULA) for name, value in line.items() if name not in ("value", "spread", "floor"))
    assert "'" + text in [line["machine"] for line in csv.DictReader(io.StringIO(export.as_csv(tables.of("mnist", found)), newline=""))]


def test_markdown_has_one_line_for_each_row_and_no_stray_bars():
    found = tables.of("mnist", [replace(m, machine="a|b\nc") for m in full()])
    lines = export.as_markdown(found).splitlines()
    assert len(lines) == len(found.rows) + 2
    assert all(line.replace("\\|", "").count("|") == len(comparison.ORDER) + 2 for line in lines)


def test_the_poster_holds_every_row_and_the_film_every_moment():
    images = Images(np.full((4, 28, 28, 1), 200, dtype=np.uint8))
    poster = export.sheet({"GAN": images, "VAE": images}, "2026")
    assert poster.dtype == np.uint8 and poster.shape[2] == 3 and (poster == 200).all(axis=2).sum() >= 2 * 4 * (28 * export.SCALE) ** 2
    frames = export.film([{"GAN": images, "VAE": images}] * 3)
    assert len(frames) == 3 and frames[0].shape == frames[1].shape


def test_measurements_file_round_trip_feeds_the_table(tmp_path):
    path = tmp_path / "measurements.json"
    path.write_text(json.dumps([asdict(m) for m in full()]))
    assert comparison.rows(measurements.read(path)) == comparison.rows(full())


# The endpoints


@pytest.mark.parametrize("bad", ["", "abc", None, "1" * 13, 2.5])
def test_write_number_refuses_before_any_model(bad, monkeypatch):
    monkeypatch.setattr(registry, "load", lambda card_id: pytest.fail("a model was called"))
    with pytest.raises(PlaygroundError):
        api.write_number(bad, 7)
    with pytest.raises(PlaygroundError):
        api.write_number("2026", bad)
    with pytest.raises(PlaygroundError):
        api.compare(bad, 7, "any")
    with pytest.raises(PlaygroundError):
        api.compare(16, 7, bad)


def test_write_number_answers_for_every_family_in_json():
    found = api.write_number("31", 7)
    assert set(found["families"]) == set(comparison.ORDER)
    for family, part in found["families"].items():
        assert part["image"].startswith("data:image/png;base64,") and part["nfe"] >= 1 and part["seconds"] >= 0
        assert (part["class_right"] is None) == (comparison.label_of(registry.get(IDS[family])) is None)
    json.dumps(found)


def test_the_named_endpoints_are_functions_of_the_api():
    assert all(callable(getattr(api, name)) for name in api.ENDPOINTS)
