"""Lesson plans: their links open what they name, and their answer key says what was recorded."""

from __future__ import annotations

import re
import urllib.parse

import numpy as np
import pytest

from playground import breaks, lessons, race, tables
from playground.errors import ControlError, PlaygroundError
from playground.metrics import steadiness
from tabs import launch
from tabs import race as panel

LINK = re.compile(r"\[([^\]]+)\]\((\?[^)]+)\)")  # of Markdown, to a state of the page


@pytest.mark.parametrize("minutes", lessons.MINUTES)
def test_every_link_opens_a_state_that_there_is(minutes: int):
    links = LINK.findall(lessons.plan(minutes))
    assert len(links) >= 4
    for words, address in links:
        query = dict(urllib.parse.parse_qsl(address.removeprefix("?")))
        assert words and query["tab"] in launch.TABS
        if query["tab"] == "race" and "what" in query:
            assert query["play"] in ("break", "mend")
            breaks.plan(query["what"], query["play"] == "mend", int(query["seed"]))
        elif query["tab"] == "race":
            race.plan(query["target"], int(query["seed"]))
        elif "data" in query:
            assert query["data"] in tables.names()


@pytest.mark.parametrize("minutes", lessons.MINUTES)
def test_the_answer_key_says_what_was_recorded(minutes: int):
    known, text = steadiness.read(), lessons.plan(minutes)
    for who, title in race.TITLES.items():
        row = re.search(rf"\| {re.escape(title)} \| ([0-9.]+) ± ([0-9.]+) \| (\d+)(?: to (\d+))? of (\d+) \|", text)
        assert row, title
        values = known.sliced[who]
        assert float(row[1]) == pytest.approx(np.mean(values), abs=6e-4) and float(row[2]) == pytest.approx(
            np.std(values, ddof=1), abs=6e-4
        )
        assert (int(row[3]), int(row[4] or row[3]), int(row[5])) == (min(known.covered[who]), max(known.covered[who]), known.modes)
    means = {who: np.mean(known.sliced[who]) for who in race.TITLES}
    assert f"Nearest to real points: {race.TITLES[min(means, key=means.get)]}. Farthest: {race.TITLES[max(means, key=means.get)]}." in text
    fragile = known.covered[steadiness.FRAGILE]
    assert f"The broken GAN ends with {min(fragile)} to {max(fragile)} of 8 modes" in text


def test_another_length_and_a_missing_record_are_one_sentence(monkeypatch):
    with pytest.raises(ControlError, match="minutes must be one of 20, 45; got 30"):
        lessons.plan(30)
    monkeypatch.setattr(steadiness, "read", lambda: None)
    with pytest.raises(PlaygroundError, match="needs recorded numbers"):
        lessons.plan(20)
    assert "needs recorded numbers" in panel._lesson(20)[0]


def test_the_page_offers_both_plans_to_read_and_to_keep():
    for minutes in lessons.MINUTES:
        text, kept = panel._lesson(minutes)
        assert "Answer key" in text and f'download="race-{minutes}-minutes.md"' in kept
