"""What is said of the pieces kept for measuring: how new they are, what their text leaves out, and which composed pieces end too early."""

from __future__ import annotations

import re

import numpy as np
import pytest

from playground import comparison, data, excerpts, music, registry
from playground.data import chorales
from playground.errors import ControlError
from playground.metrics import __main__ as command
from playground.metrics import measurements, overlap
from playground.metrics import music as composed
from playground.types import Measurement
from tests.conftest import ROOT

CARDS = [card.id for card in music.cards()]
TUNE = np.array([72, 74, 76, 77, 79, 77, 76, 74] * 8)


def piece(tune: np.ndarray, bass: int = 12) -> np.ndarray:
    """A piece of two voices in semiquavers from a tune in quavers."""
    return np.repeat(np.stack([tune, tune - bass], 1), 2, axis=0)


def compared(*kept: np.ndarray) -> overlap.Overlap:
    """Pieces compared with the one of TUNE."""
    return overlap.compare([piece(TUNE)], list(kept), 2)


def test_an_opening_is_shared_in_the_same_key_or_another_by_melody_or_by_all_voices():
    found = compared(piece(TUNE), piece(TUNE + 3), piece(TUNE - 2, bass=15), piece(TUNE[::-1]))
    assert (found.n, found.same_key, found.any_key, found.all_voices, found.melody) == (4, 1, 3, 2, 3)


def test_what_follows_the_opening_and_where_it_rests_count():
    later, rest = TUNE.copy(), piece(TUNE)
    later[overlap.OPENING] += 1
    rest[6:8, 0] = -1
    found = compared(piece(later), rest)
    assert (found.same_key, found.melody) == (1, 0)
    lower = np.where(rest < 0, -1, rest - 5)
    assert overlap.compare([rest], [lower], 2).any_key == 1, "silence is no pitch: it does not move with the key"


def test_changes_that_do_not_last_to_the_next_quaver_are_counted_as_lost():
    passing, neighbour = piece(np.array([72, 74])), piece(np.array([72, 72]))
    passing[1, 0], neighbour[1, 0] = 73, 74
    assert [overlap.changes(each) for each in (passing, neighbour)] == [3, 2]
    found = [overlap.compare([each], [], 2) for each in (passing, neighbour, piece(TUNE))]
    assert [(each.changes, each.lost) for each in found] == [(3, 1), (2, 2), (126, 0)]


def test_the_shipped_pieces_that_share_an_opening_are_no_more_than_were_counted():
    found = overlap.read("chorales")
    assert (
        found.n == 76 and found.same_key <= found.any_key < found.n and found.all_voices <= found.any_key and found.melody <= found.any_key
    )
    assert found.opening == overlap.OPENING and found.shortest <= min(len(each) // 4 for each in excerpts.read("chorales").split())


def test_only_music_has_pieces_to_compare():
    with pytest.raises(ControlError, match="The texts of shakespeare are not music"):
        data.source_pieces("shakespeare", "train")


def test_no_text_says_that_the_pieces_are_new_to_a_model_and_the_numbers_in_prose_are_those_that_were_counted():
    found, doc = overlap.read("chorales"), " ".join(chorales.__doc__.split())
    assert f"{100 * found.lost_share:.1f} % of the changes of pitch" in doc
    assert f"{found.any_key} of the {found.n} validation pieces" in doc and f"{found.same_key} of them in the same key" in doc
    claims = re.compile(r"no model(?: here)? has (?:ever )?seen|never (?:been )?(?:shown|seen)", re.IGNORECASE)
    paths = [ROOT / name for name in ("playground/music.py", "playground/midi.py", "playground/excerpts.py", "playground/data/chorales.py")]
    paths += [
        ROOT / name
        for name in ("playground/metrics/music.py", "playground/cards/autoregressive.py", "tabs/autoregressive.py", "tabs/roll.py")
    ]
    for path in paths:
        assert not claims.search(path.read_text(encoding="utf-8")), path.name
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "no model has seen" not in readme and all(sentence in readme for sentence in music.data_sentences("chorales"))


def test_a_piece_ends_too_early_where_it_has_fewer_whole_moments_than_the_shortest_real_one():
    texts = ["", "abcd" * 3, "abcd" * 3 + "abc", "abcd" * 4, "abcd" * 50]
    assert composed.ended_early(texts, 4, 4) == 0.6 and composed.ended_early(texts, 3, 4) == 0.2


@pytest.mark.parametrize("card_id", CARDS)
def test_pieces_that_end_too_early_are_counted_and_shown_with_n_and_seed(card_id: str):
    found = measurements.find(measurements.read(), card_id, "ended_early")
    assert found is not None and found.n == composed.N and found.split == "valid" and found.floor == 0
    assert f"before {overlap.read('chorales').shortest} quavers" in found.spread_over and 0 < found.spread < 0.06
    row = next(row for row in music.rows() if row.title == "Pieces that end too early")
    cell = row.cells[CARDS.index(card_id)]
    assert cell.text == f"{round(found.value * found.n)} of {found.n}" and cell.note == f"real 0 of {found.n}"
    assert comparison.conditions(found) == f"n {found.n} pieces" == row.conditions


def test_a_share_of_pieces_is_written_as_a_count():
    assert comparison.formatted(Measurement("gpt-chorales", "ended_early", 0.3553, 76, 0, "valid")) == "27 of 76"


@pytest.mark.parametrize("card_id", [pytest.param(CARDS[0], marks=pytest.mark.nightly), pytest.param(CARDS[1], marks=pytest.mark.slow)])
def test_the_recorded_count_is_what_the_model_composes(card_id: str):
    from playground import run

    found = measurements.find(measurements.read(), card_id, "ended_early")
    texts = run.sample(card_id, 24, found.seed, max_new_tokens=composed.LONGEST).samples.texts
    share = composed.ended_early(texts, overlap.read("chorales").shortest, 4)
    assert abs(share - found.value) < 3 * np.sqrt(found.value * (1 - found.value) / 24) + 0.02


def test_only_models_of_music_are_measured_by_what_they_compose(capsys: pytest.CaptureFixture):
    assert command.main(["gpt-shakespeare", "--composed"]) == 2
    assert "gpt-shakespeare composes no music" in capsys.readouterr().err


def test_every_measured_number_of_a_composed_piece_is_replaced_together():
    about = {"n": 76, "seed": 0, "split": "valid"}
    old = [Measurement("gpt-chorales", metric, 1.0, **about) for metric in ("loss", *composed.METRICS)]
    new = [Measurement("gpt-chorales", metric, 2.0, **about) for metric in composed.METRICS]
    merged = measurements.merge(old, new, composed.METRICS)
    assert {m.metric: m.value for m in merged} == {"loss": 1.0} | dict.fromkeys(composed.METRICS, 2.0) and len(merged) == 6
    assert registry.get("gpt-chorales").dataset == "chorales"
