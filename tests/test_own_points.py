"""Points of one's own: tables as people and programs write them are read right or refused, never read wrong without a word."""

from __future__ import annotations

import csv
import io
import time

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from playground import race
from playground.data import point_table
from playground.errors import ControlError

RNG = np.random.default_rng(0)
TRUE = np.vstack([[0.125, -3.25], RNG.normal(0, 30, (25, 2)).round(3)])
SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "blank": " ",
    "comma and blank": ", ",
    "semicolon and blank": "; ",
    "blanks": "   ",
    "bar": "|",
}


def written(value: float, decimal: str = ".", form: str = "{:.3f}", minus: str = "-", quote: str = "") -> str:
    return quote + form.format(value).replace(".", decimal).replace("-", minus) + quote


def table(found: np.ndarray, separator: str, decimal: str = ".", header: str = "", ending: str = "\n", **how: str) -> str:
    lines = [separator.join(written(value, decimal, **how) for value in row) for row in found.tolist()]
    return ending.join(([header] if header else []) + lines) + ending


def refused(text: str, **asked: object) -> str:
    with pytest.raises(ControlError) as error:
        point_table.read(text, **asked)
    said = str(error.value)
    assert said.endswith(".") and "\n" not in said and said.startswith("points")
    return said


# 1: separators and decimal marks


@pytest.mark.parametrize("quote", ["", '"', "'"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_every_separator_with_every_decimal_mark_is_read_right_or_asked_about(separator: str, decimal: str, quote: str):
    text = table(TRUE, SEPARATORS[separator], decimal, quote=quote)
    if (separator, decimal, quote) == ("comma", ",", ""):
        assert "(0, 125) with a decimal point and (0.125, -3.25) with a decimal comma; choose decimal_mark" in refused(text)
        assert np.array_equal(point_table.read(text, decimal_mark="comma").points, TRUE)
        return
    found = point_table.read(text)
    assert np.array_equal(found.points, TRUE) and "Left out" not in found.note
    assert ("decimal commas" in found.note) == (decimal == ",")
    assert np.array_equal(point_table.read(text, decimal_mark="comma" if decimal == "," else "point").points, TRUE)


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1,234;5,678\n2,345;6,789\n", [1234, 5678], [1.234, 5.678]),
        ("1,234\t5,678\n2,345\t6,789\n", [1234, 5678], [1.234, 5.678]),
        ("1,234 987\n2,345 6,789\n", [1234, 987], [1.234, 987]),
        ('"1,234","5,678"\n"2,345","6,789"\n', [1234, 5678], [1.234, 5.678]),
        ("987;1.234\n1.200;3.400\n", [987, 1.234], [987, 1234]),
        ("0,5,1,5\n2,5,3,5\n", [0, 5], [0.5, 1.5]),
        ("x,y\n0,5,1,5\n2,5,3,5\n", [0, 5], [0.5, 1.5]),
        ("1, 2,5\n2, 3,5\n", [1, 2], [1, 2.5]),
    ],
)
def test_what_two_marks_read_in_two_ways_is_asked(text: str, point: list[float], comma: list[float]):
    assert "choose decimal_mark, point or comma" in refused(text)
    for mark, first in (("point", point), ("comma", comma)):
        assert point_table.read(text, decimal_mark=mark).points[0].tolist() == first


@pytest.mark.parametrize("text", ["0,5,1\n1,2,5\n", "0,5,1\n1,5,2\n", "name,0,5,1,5\nname,1,5,2,5\n", "1,5;2,5\n1.5;3.5\n", "1,2\n3;4\n"])
def test_what_no_rule_decides_is_refused(text: str):
    refused(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("1.234,5;2.345,6\n1,5;2,5\n", [[1234.5, 2345.6], [1.5, 2.5]]),
        ('"1,234.5","2,345.6"\n"1.5","2.5"\n', [[1234.5, 2345.6], [1.5, 2.5]]),
        ("1,234.5;2\n1;2\n", [[1234.5, 2], [1, 2]]),
        ("1 234,5;2 345,6\n1,5;2\n", [[1234.5, 2345.6], [1.5, 2]]),
        ("1\u202f234,5\t2\u00a0345,6\n1,5\t2\n", [[1234.5, 2345.6], [1.5, 2]]),
        ("1'234.5;2\u2019345.6\n1.5;2\n", [[1234.5, 2345.6], [1.5, 2]]),
        ("1.234.567;2\n1.200.300;5\n", [[1234567, 2], [1200300, 5]]),
        ("1,5 234,7\n2,5 345,8\n", [[1.5, 234.7], [2.5, 345.8]]),
        ("1.234;5.678\n2.345;6.789\n", [[1.234, 5.678], [2.345, 6.789]]),
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("1, 2, 3\n4, 5, 6\n", [[1, 2], [4, 5]]),
        ("sep=;\n0,5;1\n1,5;2\n", [[0.5, 1], [1.5, 2]]),
        ("1e5\t-2E-3\n1,5e0\t.5\n+3\t4.\n", [[1e5, -0.002], [3, 4]]),
        ("1.5D+01 2d0\n1 2\n", [[15, 2], [1, 2]]),
        ("0.5\u00a01.5\n2\u00a03\n", [[0.5, 1.5], [2, 3]]),
        ("[[0.5, 1.5], [2, 3]]", [[0.5, 1.5], [2, 3]]),
        ("[[ 0.5  1.5]\n [ 2.  -3. ]]", [[0.5, 1.5], [2, -3]]),
        ("(0.5, 1.5),\n(2, 3)\n", [[0.5, 1.5], [2, 3]]),
        ("| x | y |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n", [[1, 2], [3, 4]]),
        ("2024-01-05,1.5,2.5\n2024-01-06,1.7,2.9\n", [[1.5, 2.5], [1.7, 2.9]]),
    ],
)
def test_other_ways_to_write_numbers_are_read_right(text: str, right: list[list[float]]):
    assert point_table.read(text).points.tolist() == right


def test_brackets_around_one_number_alone_make_no_point():
    assert point_table.read("(1.5);2\n(1,5);3\n").points.shape == (0, 2)


# 2: empty cells


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "cells", [("1.0", "", "3.0"), ("", "2.0", "3.0"), ("1.0", "NA", "3.0"), ("nan", "2.0", "3.0"), ("1.0", "inf", "3.0")]
)
@pytest.mark.parametrize("header", [False, True])
def test_an_empty_cell_moves_no_other_cell_into_its_place(separator: str, cells: tuple[str, ...], header: bool):
    rows = [["x", "y", "z"]] if header else []
    rows += [[f"{k}.5", f"{k * k}.5", "9.5"] for k in (1, 4, 2)] + [list(cells)]
    found = point_table.read("\n".join(map(separator.join, rows)))
    assert found.points.tolist() == [[1.5, 1.5], [4.5, 16.5], [2.5, 4.5]]
    assert found.note.endswith("Left out: 1 line without two numbers.")


def test_a_column_of_empty_cells_is_a_column():
    assert "Left out: 30 lines without two numbers" in point_table.read("1.0,,3.0\n" * 30).note
    with pytest.raises(ControlError, match="points must be"):
        race.plan(point_table.read("1.0,,3.0\n" * 30).points)
    assert len(point_table.read("1.0,,3.0\n" * 30, y=3).points) == 30


def test_rows_that_blanks_leave_short_or_that_are_too_long_are_counted_not_shifted():
    found = point_table.read("id x y\n7 0.5 1.5\n9 2.5\n8 0.6 1.7\n")
    assert found.points.tolist() == [[0.5, 1.5], [0.6, 1.7]] and "1 line with another number of columns" in found.note
    found = point_table.read("x;y\n0,5;1,5\n0,5;1,5;7\n2;3\n4\n")
    assert found.points.tolist() == [[0.5, 1.5], [2, 3]]
    assert found.note.endswith("Left out: 1 line without two numbers; 1 line with another number of columns.")


# 3: columns


@pytest.mark.parametrize(
    "head",
    [",x,y", "id,x,y", "Unnamed: 0,x,y", "index,X,Y", '"","x","y"', "step,x (cm),y (cm)", "row,x [m],y/s", "a,x,y"],
)
def test_columns_named_x_and_y_are_taken(head: str):
    rows = [f"{k},{k * 0.5},{k * k * 0.25}" for k in range(25)]
    found = point_table.read("\n".join([head, *rows]))
    assert np.array_equal(found.points, [[k * 0.5, k * k * 0.25] for k in range(25)])
    assert len(found.columns) == 3 and found.taken == found.columns[1:]
    assert f"x from “{found.taken[0]}”, y from “{found.taken[1]}” (not from {found.columns[0]})" in found.note


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (",0,1\n0,0.5,1.5\n1,0.6,1.7\n2,0.1,0\n", ("0", "1")),  # a data frame without names
        ("0,1\n0.5,1.5\n0.6,1.7\n", ("0", "1")),  # and without its index
        ('"x" "y"\n"1" 0.5 1.5\n"2" 0.6 1.7\n', ("x", "y")),  # R's write.table
        ('"";"x";"y"\n"1";0,5;1,5\n"2";0,6;1,7\n', ("x", "y")),  # R's write.csv2
        ("     x    y\n0  0.5  1.5\n1  0.6  1.7\n", ("x", "y")),  # as a data frame is printed
        ("0,0.5,1.5\n1,0.6,1.7\n2,0.1,0.4\n", ("column 2", "column 3")),  # a running index and no names
        ("family,step,x,y\ngan,0,0.5,1.5\nvae,9,0.6,1.7\n", ("x", "y")),  # what a race gives to take away
        ("0,1,2\n0.5,1.5,3.5\n0.6,1.7,4.5\n", ("0", "1")),
        ("country,2019,2020\nFrance,0.5,1.5\nSpain,0.6,1.7\n", ("2019", "2020")),
        ("y,x\n1.5,0.5\n1.7,0.6\n", ("x", "y")),
        ("title of it all\nx;y\n0,5;1,5\n0,6;1,7\n", ("x", "y")),
    ],
)
def test_tables_of_data_frame_libraries_are_read_by_their_columns(text: str, taken: tuple[str, str]):
    found = point_table.read(text)
    assert found.taken == taken and found.points[:2].tolist() == [[0.5, 1.5], [0.6, 1.7]]


def test_any_two_columns_can_be_chosen_and_the_note_names_them():
    text = "height,weight,age\n170,61.5,20\n180,80.25,44\n165,55,31\n"
    found = point_table.read(text)
    assert found.columns == ("height", "weight", "age") and found.taken == ("height", "weight") and "(not from age)" in found.note
    assert point_table.read(text, x="age").points[0].tolist() == [20, 170]
    assert point_table.read(text, x="age", y="weight").points[0].tolist() == [20, 61.5]
    assert point_table.read(text, y="3").points[0].tolist() == [170, 20] and point_table.read(text, y=2).taken == ("height", "weight")
    assert point_table.read("id,x,y\n7,1,2\n9,3,4\n", x="y", y="x").points[0].tolist() == [2, 1]
    for wrong in ({"x": "name"}, {"x": 9}, {"y": -1}, {"y": [1]}, {"x": "age", "y": "age"}, {"x": "age", "y": 3}):
        with pytest.raises(ControlError, match="must be"):
            point_table.read(text, **wrong)
    with pytest.raises(ControlError, match="decimal_mark must be one of auto, point, comma"):
        point_table.read(text, decimal_mark=";")


def test_one_name_alone_does_not_turn_the_columns_round():
    assert point_table.read("t,x\n1,5\n2,9\n").taken == ("t", "x") and point_table.read("id,b,x\n7,5,1\n9,6,2\n").taken == ("b", "x")
    assert point_table.read("t,x,y\n1,5,6\n2,9,8\n", x="t").taken == ("t", "y")


def test_a_name_that_holds_half_a_character_can_be_sent_back():
    point_table.read("a\ud800,b,c\n1,5,9\n2,9,7\n").note.encode("utf-8")


def test_columns_of_one_name_can_be_told_apart_and_long_names_are_cut():
    found = point_table.read(f"v,v,{'n' * 500}\n1,2,3\n5,3,4\n4,3,1\n")
    assert found.columns == ("column 1", "column 2", "n" * point_table.LONGEST_NAME)


# 4: quotes, minus signs, byte-order marks, line ends


@pytest.mark.parametrize("minus", ["\u2212", "\u2013", "\u2010", "\u2011", "\u2012", "\u2014", "\ufe63", "\uff0d"])
@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_every_minus_sign_is_a_minus(minus: str, separator: str):
    assert np.array_equal(point_table.read(table(TRUE, separator, minus=minus)).points, TRUE)


@pytest.mark.parametrize("before", ["\ufeff", "\u200b", "\u2060", "\ufeff\r\n", "# a note\n", "\n\n"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028", "\x85"])
def test_what_stands_before_the_first_point_or_ends_a_line_loses_none(before: str, ending: str):
    found = point_table.read(before + table(TRUE, ",", ending=ending))
    assert np.array_equal(found.points, TRUE) and "Left out" not in found.note


@pytest.mark.parametrize("opening, closing", [('"', '"'), ("'", "'"), ("\u201c", "\u201d"), ("\u201e", "\u201c"), ("\u00ab", "\u00bb")])
def test_quoted_numbers_are_numbers(opening: str, closing: str):
    for separator, decimal in ((",", "."), (",", ","), (";", ","), ("\t", "."), (" ", ","), (", ", ",")):
        rows = [separator.join(opening + written(value, decimal) + closing for value in row) for row in TRUE.tolist()]
        assert np.array_equal(point_table.read("\n".join(rows)).points, TRUE), (separator, decimal)


def test_a_quote_that_does_not_close_swallows_no_line():
    text = 'x,y,what\n1,2,"a"\n3,4,"b\n5,6,c\n7,8,"d"e\n'
    assert point_table.read(text).points.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert point_table.read('x,y,what\n1,2,"a\nb, c"\n3,4,d\n').points.tolist() == [[1, 2], [3, 4]]


# limits, and the whole of it fuzzed


def test_more_points_than_are_taken_are_counted_and_little_text_is_no_fault():
    found = point_table.read("\n".join(f"{k} {k}" for k in range(2500)))
    assert len(found.points) == point_table.MOST and found.note == "2,000 points read. Left out: 500 points beyond the first 2,000."
    assert point_table.read("").note == "" and point_table.read("").points.shape == (0, 2)
    assert point_table.read("hello\nyou").note == "No line holds two numbers." and point_table.read(" \n # \n").note == ""
    for wrong in (None, 3, ["1 2"], "1" * (point_table.LONGEST + 1)):
        with pytest.raises(ControlError, match="points must be a text of at most 200,000 characters"):
            point_table.read(wrong)


def test_a_table_of_more_columns_than_are_read_keeps_its_names_and_says_so():
    names = [*(f"c{k}" for k in range(120)), "more"]
    names[50], names[60] = "x", "y"
    found = point_table.read("\n".join([",".join(names), *(",".join(str(k * n) for n in range(121)) for k in range(1, 30))]))
    assert found.taken == ("x", "y") and found.points[1].tolist() == [100, 120]
    assert len(found.columns) == point_table.MOST_COLUMNS and found.note.endswith("Left out: columns beyond the first 100.")


@pytest.mark.parametrize("part", ['"1\n', "1,", "1,1,1\n", "'1' ", "[(", "1|2;3,4\t5 6\n", "- 1,2", "\u00a0", "1.1.1;", '"', "a\tb\n", "9"])
def test_no_text_takes_long_or_raises_what_is_no_sentence(part: str):
    text, begin = (part * point_table.LONGEST)[: point_table.LONGEST // 4], time.process_time()
    try:
        point_table.read(text)
    except ControlError as error:
        assert len(str(error)) < 500
    assert time.process_time() - begin < 5


NUMBERS = st.floats(-1e4, 1e4, allow_nan=False).map(lambda value: round(value, 6))
FORMS = st.sampled_from(["{:.1f}", "{:.3f}", "{:.6f}", "{!r}", "{:g}", "{:.4e}", "{:+.2f}"])


@st.composite
def dialects(draw: st.DrawFn) -> tuple[np.ndarray, str, dict[str, str]]:
    """Points and a table of them: separator, decimal mark, quotes, minus, names, an index, further columns, line ends, as they may come."""
    true = draw(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=12))
    form, decimal, quote = draw(FORMS), draw(st.sampled_from(".,")), draw(st.sampled_from(["", "", '"']))
    separator = draw(st.sampled_from(sorted(SEPARATORS.values())))
    minus, ending, before = draw(st.sampled_from("-\u2212")), draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["", "\ufeff"]))
    index, label, named = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    rows = []
    for k, pair in enumerate(true):
        cells = [written(value, decimal, form, minus, quote) for value in pair]
        rows.append(([str(k)] if index else []) + cells + ([draw(st.sampled_from(["a", "b c".replace(" ", "_")]))] if label else []))
    names = [["id"] * index + ["x", "y"] + ["label"] * label] if named else []
    text = before + ending.join(separator.join(cells) for cells in names + rows)
    exact = np.array([[float(form.format(value)) for value in pair] for pair in true])
    return exact, text, {"separator": separator, "decimal": decimal, "quote": quote, "named": str(named), "index": str(index)}


def check(case: tuple[np.ndarray, str, dict[str, str]]) -> None:
    true, text, how = case
    sure = how["named"] == "True" or how["index"] == "False"
    sure &= (how["separator"], how["decimal"], how["quote"]) != (",", ",", "")
    try:
        found = point_table.read(text)
    except ControlError as error:
        said = str(error)
        assert "choose decimal_mark" in said, said
        mark = "comma" if how["decimal"] == "," else "point"
        if sure:
            assert np.array_equal(point_table.read(text, decimal_mark=mark).points, true), "the answer to the question reads it right"
        return
    if sure:
        assert np.array_equal(found.points, true), found.note
    elif how["index"] == "False":
        rows = {tuple(row) for row in true.tolist()}
        assert all(tuple(row) in rows for row in found.points.tolist()), found.note


@hypothesis.given(dialects())
@hypothesis.settings(max_examples=100, deadline=None, derandomize=True)
def test_a_table_in_any_dialect_is_read_back_equal_or_asked_about(case: tuple[np.ndarray, str, dict[str, str]]):
    check(case)


@pytest.mark.nightly
@hypothesis.given(dialects())
@hypothesis.settings(max_examples=5_000, deadline=None)
def test_a_table_in_any_dialect_is_read_back_equal_or_asked_about_at_length(case: tuple[np.ndarray, str, dict[str, str]]):
    check(case)


PARTS = [
    *"0123456789.,;\t \n|-+e\"'x[]()\u00a0\u2212\ufeff#D\r",
    "x,y\n",
    "1,234",
    "0,5",
    "id,x,y\n",
    "nan",
    "0,1\n",
    "1.5,2.5\n",
    "1;2\n",
    "a b,1,2\n",
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=60).map("".join)


@hypothesis.given(TEXTS)
@hypothesis.example("a b,1,2\n1,234-1,2341.5,2.5\n")
@hypothesis.example("x#31,234#1\xa0e;1;2\n9\n;1,234-4\n0,5;720,5\n")
@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
def test_any_text_gives_finite_points_or_one_sentence(text: str):
    finite_or_one_sentence(text)


@pytest.mark.nightly
@hypothesis.given(TEXTS)
@hypothesis.settings(max_examples=5_000, deadline=None)
def test_any_text_gives_finite_points_or_one_sentence_at_length(text: str):
    finite_or_one_sentence(text)


def finite_or_one_sentence(text: str) -> None:
    try:
        found = point_table.read(text)
    except ControlError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
        return
    assert found.points.shape[1:] == (2,) and np.isfinite(found.points).all() and "\n" not in found.note


def test_what_the_csv_module_writes_is_read_back_equal():
    for dialect in ("excel", "excel-tab", "unix"):
        buffer = io.StringIO()
        csv.writer(buffer, dialect).writerows([["", "x", "y", "what"], *([k, *row, 'a "b", c'] for k, row in enumerate(TRUE.tolist()))])
        assert np.array_equal(point_table.read(buffer.getvalue()).points, TRUE), dialect


def test_what_data_frames_write_is_read_back_equal():
    import pandas as pd

    for names in (["x", "y"], [0, 1]):
        frame = pd.DataFrame(TRUE, columns=names)
        texts = [
            frame.to_csv(),
            frame.to_csv(index=False),
            frame.to_csv(sep=";", decimal=","),
            frame.to_csv(sep="\t", quoting=csv.QUOTE_ALL),
            frame.to_csv(sep=";", decimal=",", quoting=csv.QUOTE_NONNUMERIC),
            frame.to_string(),
            frame.to_csv(lineterminator="\r\n", encoding="utf-8-sig"),
        ]
        for text in texts:
            assert np.allclose(point_table.read(text).points, TRUE), text[:80]
    buffer = io.StringIO()
    np.savetxt(buffer, TRUE, header="x y")
    assert np.array_equal(point_table.read(buffer.getvalue()).points, TRUE)
