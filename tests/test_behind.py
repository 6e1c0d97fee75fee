"""What stands behind a number of the tables: a formula for each metric, what it computes indeed, and how every number was taken."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest

from playground import comparison, language, tables
from playground.formulas import FORMULAS
from playground.metrics import distances, kernel
from tabs import behind, table

DATASETS = tuple(tables.names().values())


def test_every_metric_of_every_table_has_its_formula():
    assert {"seconds", *(metric[0] for metric in (*comparison.METRICS, *language.METRICS))} == set(FORMULAS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_measured_row_is_followed_by_how_its_numbers_were_taken(dataset: str):
    found = tables.of(dataset)
    page = table.table(found)
    measured = [row for row in found.rows if row.is_measured]
    rows = re.findall(r'<tr class="behind" hidden>.*?</tr>', page)
    assert len(rows) == len(measured) and page.count('class="behind-open"') == sum(
        c.measured is not None for r in measured for c in r.cells
    )
    for row, told in zip(sorted(measured, key=lambda row: ["summary", *table.GROUPS].index(row.group)), rows, strict=True):
        for m in (cell.measured for cell in row.cells if cell.measured):
            assert html.escape(m.command) in told and m.when[:10] in told and m.commit[:10] in told
        assert html.escape(FORMULAS[next(c.measured.metric for c in row.cells if c.measured)].text) in told
    for card in found.columns.values():
        shown = re.search(rf'<div data-card="{card.id}">(.*?)</div>', page, re.S).group(1)
        assert "<img" in shown if found.is_of_pictures else "behind-text" in shown


def test_what_is_not_measured_opens_nothing_and_what_is_measured_is_escaped():
    nothing = comparison.Cell("–", "cannot be asked")
    assert behind.value(nothing, "–") == "–"
    found = tables.of("mnist")
    row = next(row for row in found.rows if row.is_measured)
    cells = [replace(cell, measured=replace(cell.measured, command="<script>", machine="<b>")) for cell in row.cells]
    told = behind.row(replace(row, cells=tuple(cells)), list(found.columns.values()), [""] * len(cells))
    assert "<script>" not in told and "&lt;script&gt;" in told and "<b>" not in told
    assert behind.row(next(row for row in found.rows if not row.is_measured), list(found.columns.values()), [""] * 4) == ""


def test_the_formulas_are_what_the_code_computes():
    """By hand, from the formulas' own words, on few points of a plane."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(0, 1, (40, 3)), rng.normal(0.4, 1.2, (40, 3))

    def radius(points: np.ndarray, k: int = 5) -> np.ndarray:
        return np.sort(np.linalg.norm(points[:, None] - points, axis=2), 1)[:, k]

    between = np.linalg.norm(real[:, None] - fake, axis=2)  # (real, drawn)
    inside = between < radius(real)[:, None]
    wanted = {
        "precision": inside.any(0).mean(),
        "recall": (between < radius(fake)[None]).any(1).mean(),
        "density": inside.sum(0).mean() / 5,
        "coverage": inside.any(1).mean(),
    }
    assert distances.prdc(real, fake) == pytest.approx(wanted, abs=1e-6)
    gram = lambda a, b: (a @ b.T / 3 + 1) ** 3  # noqa: E731
    alone = [(gram(x, x).sum() - np.trace(gram(x, x))) / (40 * 39) for x in (real, fake)]
    assert kernel.kid(real, fake).value == pytest.approx(sum(alone) - 2 * gram(real, fake).mean(), rel=1e-9)
    s, t = np.cov(real.T), np.cov(fake.T)
    root = np.sqrt(np.linalg.eigvals(s @ t).astype(complex)).real.sum()
    fid = ((real.mean(0) - fake.mean(0)) ** 2).sum() + np.trace(s + t) - 2 * root
    assert distances.fid(real, fake) == pytest.approx(fid, rel=1e-3)
