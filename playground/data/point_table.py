"""Points out of text: pairs that people type, and tables as spreadsheets and data-frame libraries write them.

One reader for the page, the endpoints and Python. It looks at the whole text before it decides what separates columns and what the decimal mark
is, and it refuses a text that can be read in two ways.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from playground.controls import Choice, shown
from playground.errors import ControlError

MOST = 2000  # points that are read
LONGEST = 200_000  # characters of a text
MOST_COLUMNS = 100
LONGEST_NAME = 40  # characters of a column's title
AUTO = "auto"
DECIMAL_MARK = Choice("decimal_mark", "Decimal mark", AUTO, (AUTO, "point", "comma"), help="Auto: found from the whole text.")
MARKS = {"point": ".", "comma": ","}
WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", ", ": "a comma and a blank", " ": "blanks"}  # what separates columns
INDEX_NAMES = {"", "id", "index", "idx", "row", "nr", "no", "unnamed: 0"}
BLANKS = "\u00a0\u2000-\u200a\u202f\u205f\u3000"  # besides the plain one: no-break, thin, ideographic
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
SAME = {
    **FULL_WIDTH,
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-"),  # hyphens, dashes and minus signs
    **dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\0"), None),  # byte-order mark, and what has no width
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),  # halves of characters, which cannot be sent back
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u00ab\u00bb"), '"'),
    **dict.fromkeys(map(ord, "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "\n"),
}
EXPONENT = r"(?:[eEdD][+-]?\d+)?"
PLAIN = {
    ".": re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)" + EXPONENT, re.ASCII),
    ",": re.compile(r"[+-]?(?:\d+(?:,\d+)?|,\d+)" + EXPONENT, re.ASCII),
}
GROUPED = {  # thousands set apart
    ".": re.compile(rf"[+-]?[1-9]\d{{0,2}}([,'\u2019 {BLANKS}])\d{{3}}(?:\1\d{{3}})*(?:\.\d*)?", re.ASCII),
    ",": re.compile(rf"[+-]?[1-9]\d{{0,2}}([.'\u2019 {BLANKS}])\d{{3}}(?:\1\d{{3}})*(?:,\d+)?", re.ASCII),
}
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
PIECE = re.compile(r"[+-]?\d+" + EXPONENT, re.ASCII)  # what a comma leaves of a number on either side
UNSPLIT = re.compile(rf"(?=.*\d)(?=.*[\s,;|])[\d\s.,;|+\-eEdD'\u2019{BLANKS}]*", re.ASCII | re.DOTALL)  # more than one number in a cell
TIGHT = re.compile(r"\S,\S")  # a comma with no blank beside it
SINGLE_QUOTED = re.compile(r"(?:^|[,;\t| ])'[^'\n]*'(?=$|[,;\t| ])", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """What was read. points: float64 (n, 2). columns: titles of all columns of numbers. taken: the titles of x and y, empty where there are none.

    note: in plain words what was read, how, and what was left out; empty for an empty text.
    """

    points: np.ndarray
    columns: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class _Table:
    """A text under one separator and one decimal mark. rows: its cells; values: (rows, width) with nan for what is no number; good: rows with
    two numbers at least and as many columns as most have."""

    separator: str
    decimal: str
    rows: list[list[str]]
    values: np.ndarray
    good: np.ndarray
    names: tuple[str, ...]
    header: int  # the row of the names; -1: none

    @property
    def width(self) -> int:
        return self.values.shape[1]

    @property
    def numbers(self) -> int:
        """How many cells of its good rows are numbers."""
        return int(np.isfinite(self.values[self.good]).sum())


def read(text: object, x: object = AUTO, y: object = AUTO, decimal_mark: object = AUTO) -> Reading:
    """The points of a text, one a line, between whose columns stand commas, semicolons, tabs, bars or blanks.

    x, y: titles of columns, or their numbers from 1; "auto" takes those named x and y, else the first two that are no running index. Empty lines,
    lines that begin with # and a line of names are no points; every other line that gives none is counted in the note.

    Raises ControlError for what is no text or too long, for an unknown column, and for a text that can be read in two ways where decimal_mark
    does not decide.
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ControlError(f"points must be a text of at most {LONGEST:,} characters, got {shown(text)}.")
    mark = MARKS.get(DECIMAL_MARK.validate(decimal_mark), "")
    lines = _lines(text)
    tables = _tables(lines, mark)
    if not any(table.good.any() for table in tables):
        tables = _tables([re.sub(f"[{BLANKS}]", " ", line) for line in lines], mark)
    most = max((int(table.good.sum()) for table in tables), default=0)
    if not most:
        with_mark = f" with a decimal {decimal_mark}" if mark else ""
        return Reading(np.zeros((0, 2)), note=f"No line holds two numbers{with_mark}." if lines else "")
    best = [table for table in tables if table.good.sum() == most]
    best = [table for table in best if not any(table.separator == other.separator and table.numbers < other.numbers for other in best)]
    return _reading(_only(best, [] if mark else lines, x, y), x, y)


def _lines(text: str) -> list[str]:
    """The lines that may hold points, with one way to write a minus, a quote and a line's end."""
    text = text.replace("\r\n", "\n").translate(SAME)
    if re.match(r"[\s\w.=]{0,20}[\[(]\s*[\[(\d.+-]", text) and not re.search("[;\t|]", text):  # lists of pairs, as programs print them
        text = re.sub(r"[\])]\s*,?\s*[\[(]", "\n", text)
        text = re.sub(r"^[\s\w.=]*[\[(]+|[\[\](),\s]+$", "", text).translate(dict.fromkeys(map(ord, "[]()"), " "))
    if '"' not in text and SINGLE_QUOTED.search(text):
        text = SINGLE_QUOTED.sub(lambda found: found[0].replace("'", '"'), text)
    return [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]


def _tables(lines: list[str], mark: str) -> list[_Table]:
    """The text under every separator and decimal mark that may be meant; mark: the one that was asked for."""
    text = "\n".join(lines)
    hint = re.fullmatch(r"sep=(.)", lines[0].strip(), re.IGNORECASE) if lines else None  # a spreadsheet's own hint
    if hint:
        lines, text = lines[1:], text[len(lines[0]) + 1 :]
    found = []
    for separator in ["\t", ";", "|", ",", ", ", " "]:
        if hint and separator != hint[1] or separator not in (", ", " ") and separator not in text:
            continue
        if separator == " " and any(table.separator == "\t" and table.good.any() for table in found):
            continue  # blanks that stand beside tabs separate nothing
        rows = [row for row in _split(lines, text, separator) if any(row)]
        for decimal in (mark,) if mark else (".", ","):
            if separator == ", " and (decimal == "." or '"' in text):
                continue  # commas alone tell the same
            if decimal == "," and not mark and not _may_have_decimal_commas(rows, separator):
                continue
            found.append(_table(separator, decimal, _paired(rows) if (separator, mark) == (",", ",") and '"' not in text else rows))
    return found


def _split(lines: list[str], text: str, separator: str) -> Iterator[list[str]]:
    """The rows of cells, stripped."""
    if separator == ", ":
        rows: Iterator[list[str]] = (re.split(r"\s*,\s+|\s+,\s*", line) for line in lines)
    elif separator == " ":
        rows = _quoted([re.sub(r"[ \t]+", " ", line.strip(" \t")) for line in lines], " ")
    else:
        rows = _quoted(lines, separator)
    return ([cell.strip() for cell in row[: MOST_COLUMNS + 1]] for row in rows)


def _quoted(lines: list[str], separator: str) -> Iterator[list[str]]:
    """Rows by the rules of CSV; line by line where quotes do not close as they should, so that none swallows the lines below it."""
    try:
        return iter(list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, skipinitialspace=separator != " ", strict=True)))
    except csv.Error:
        return iter([line.replace('"', "").split(separator) for line in lines])


def _may_have_decimal_commas(rows: list[list[str]], separator: str) -> bool:
    """Whether to try decimal commas at all: where a cell holds a comma; or points that may set thousands apart, twice in a number, or in some
    numbers of a column while others have none."""
    if any("," in cell for row in rows for cell in row):
        return True
    if separator in (",", ", "):
        return False
    if any(cell.count(".") > 1 and GROUPED[","].fullmatch(cell) for row in rows for cell in row):
        return True
    rows = rows[1:] if rows and [cell for cell in rows[0] if cell] == [str(k) for k in range(sum(map(bool, rows[0])))] else rows  # no names
    for column in range(max(map(len, rows), default=0)):
        cells = [row[column] for row in rows if column < len(row) and PLAIN["."].fullmatch(row[column])]
        if 0 < sum("." in cell for cell in cells) < len(cells):
            return True
    return False


def _paired(rows: list[list[str]]) -> list[list[str]]:
    """Rows split at commas of which every other one is a decimal mark, joined again; in one cell where they cannot be."""
    joined: list[list[str]] = []
    for row in rows:
        joined.append([])
        for is_whole, run in itertools.groupby(row, lambda cell: PIECE.fullmatch(cell) is not None):
            cells = list(run)
            size = 1 if not is_whole or len(cells) == 1 else 2 if len(cells) % 2 == 0 else len(cells)
            joined[-1] += [",".join(cells[k : k + size]) for k in range(0, len(cells), size)]
    return joined


def _number(cell: str, separator: str, decimal: str) -> float:
    """A cell's number; nan where it is none, or infinite."""
    if PLAIN[decimal].fullmatch(cell):
        pass
    elif (grouped := GROUPED[decimal].fullmatch(cell)) and not (grouped[1] == " " and separator in (",", ", ")):
        cell = cell.replace(grouped[1], "")
    else:
        return np.nan
    value = float(cell.replace(",", ".").replace("d", "e").replace("D", "e"))
    return value if np.isfinite(value) else np.nan


def _table(separator: str, decimal: str, rows: list[list[str]]) -> _Table:
    """The numbers of rows, and which of them hold two."""
    known: dict[str, float] = {}
    found, whole = [], []
    for row in rows:
        for cell in row:
            if cell not in known:
                known[cell] = _number(cell, separator, decimal)
        found.append([known[cell] for cell in row])
        two = sum(value == value for value in found[-1]) > 1  # nan is no equal of itself
        whole.append(two and not any(value != value and UNSPLIT.fullmatch(cell) for cell, value in zip(row, found[-1], strict=True)))
    counted = Counter(len(row) for row, ok in zip(rows, whole, strict=True) if ok)
    width = min(max(counted, key=lambda size: (counted[size], size), default=0), MOST_COLUMNS)
    values = np.full((len(rows), width), np.nan)
    may_be_short = separator not in (" ", ", ")
    for k, row in enumerate(rows):
        if len(row) == width or width == MOST_COLUMNS or (may_be_short if len(row) < width else not any(row[width:])):
            values[k, : len(row)] = found[k][:width]
    good = np.array(whole, bool) & (np.isfinite(values).sum(1) > 1)
    header, names = _names(rows, values, good)
    if header >= 0:
        good[header] = False
    return _Table(separator, decimal, rows, values, good, names, header)


def _names(rows: list[list[str]], values: np.ndarray, good: np.ndarray) -> tuple[int, tuple[str, ...]]:
    """The row of the columns' names and these, one for each column; -1 and empty ones where there is none."""
    width = values.shape[1]
    first = int(good.argmax()) if good.any() else 0
    above = []
    for k in range(first):
        ending = next((i for i, cell in enumerate(reversed(rows[k])) if cell), 0)  # empty cells
        cells = (
            rows[k][:MOST_COLUMNS] if len(rows[k]) >= width == MOST_COLUMNS or len(rows[k]) == width else rows[k][: len(rows[k]) - ending]
        )
        numbered = cells == [str(i) for i in range(len(cells))]
        if (len(cells) == width or len(cells) == width - 1 > 1) and (np.isnan(values[k]).all() or numbered):
            above.append((k, ("",) * (width - len(cells)) + tuple(cells)))  # one name less: rows have names of their own
    above.sort(key=lambda found: not {"x", "y"} <= set(map(str.lower, found[1])))
    if above:
        return above[0]
    if good.any() and first == 0 and _counts_columns(rows[0], [row for row, ok in zip(rows[1:], good[1:], strict=True) if ok]):
        return 0, (*rows[0], *[""] * width)[:width]
    return -1, ("",) * width


def _counts_columns(row: list[str], rows: list[list[str]]) -> bool:
    """Whether the whole numbers of a first row count the columns instead of giving a point, as in data frames without names and tables by year:
    0, 1, ... beside an index without a name, or any that follow each other above numbers of which none is whole."""
    places = [k for k, cell in enumerate(row) if WHOLE.fullmatch(cell)]
    counted = [int(row[k]) for k in places if len(row[k]) < 10]
    if len(counted) < 2 or counted != list(range(counted[0], counted[0] + len(places))) or not rows:
        return False
    if counted[0] == 0 and places == list(range(1, len(row))) and all(PLAIN["."].fullmatch(below[0]) for below in rows):
        return True
    return not any(k < len(below) and WHOLE.fullmatch(below[k]) for below in rows for k in places)


def _only(tables: Sequence[_Table], lines: Sequence[str], x: object, y: object) -> _Table:
    """The one table that a text can mean. lines: those in which commas may be decimal marks. Raises ControlError where there are two."""
    first = tables[0]
    points = _taken(first, x, y)[1]
    for other in tables[1:]:
        others = _taken(other, x, y)[1]
        if points.shape == others.shape and np.array_equal(points, others):
            continue
        if (first.separator, other.separator) == (",", ", ") and all(
            "," in cell for k in np.flatnonzero(other.good) for cell in other.rows[k]
        ):
            first, points = other, others
            continue
        raise ControlError(_two_ways(first, other, x, y))
    if any(map(TIGHT.search, lines)) and _could_be_decimal_commas(first):
        raise ControlError(_two_ways(first, _table(",", ",", _paired(first.rows)), x, y))
    return first


def _could_be_decimal_commas(table: _Table) -> bool:
    """Whether commas between numbers without a point, three or more side by side, may be decimal marks: where no line of names counts the columns."""
    if (table.separator, table.decimal) != (",", ".") or table.header >= 0 and len(table.rows[table.header]) >= table.width:
        return False
    runs = {_longest_run(row) for row in table.rows} - {0, 1}
    if len(runs) > 1:
        return True
    rows = [row for row, ok in zip(table.rows, table.good, strict=True) if ok]
    whole = [all(PIECE.fullmatch(row[k]) for row in rows if k < len(row)) for k in range(table.width)]
    return any(
        all(whole[k : k + 3])
        and all(any(cell[:1].isdigit() for cell in row[k + 1 : k + 3]) for row in rows)  # a part behind a mark has no sign
        for k in range(table.width - 2)
    )


def _longest_run(row: Sequence[str]) -> int:
    """How many cells side by side may be what a comma leaves of a number."""
    return max(
        (sum(1 for _ in run) for is_piece, run in itertools.groupby(row, lambda cell: bool(PIECE.fullmatch(cell))) if is_piece), default=0
    )


def _two_ways(first: _Table, other: _Table, x: object, y: object) -> str:
    """The question that a text with two readings asks."""
    (rows, a), (others, b) = _taken(first, x, y), _taken(other, x, y)
    if first.decimal == other.decimal:
        return "points must have one kind of separator between the columns of all lines; two were found."
    asked = "choose decimal_mark, point or comma, or put semicolons between the columns."
    point, comma = ((rows, a, first), (others, b, other)) if first.decimal == "." else ((others, b, other), (rows, a, first))
    both = next(
        ((i, k) for i, row in enumerate(point[0]) for k in np.flatnonzero(comma[0] == row) if (point[1][i] != comma[1][k]).any()), None
    )
    if both is None and first.separator != ",":
        return f"points can be read in two ways: {_line(point)} has a decimal point and {_line(comma)} decimal commas; {asked}"
    if both is None:
        return f"points can be read in two ways: the commas of {_line(point)} may separate columns or be decimal marks; {asked}"
    i, k = both
    ways = "{} is ({:g}, {:g}) with a decimal point and ({:g}, {:g}) with a decimal comma".format(
        _line(point, i), *point[1][i], *comma[1][k]
    )
    return f"points can be read in two ways: {ways}; {asked}"


def _line(found: tuple[np.ndarray, np.ndarray, _Table], i: int = 0) -> str:
    rows, _, table = found
    rows = rows if len(rows) else np.flatnonzero(table.good) if table.good.any() else np.arange(len(table.rows))
    return shown(table.separator.join(table.rows[int(rows[i])]))


def _titles(table: _Table) -> list[str]:
    """A title for each column, no two alike: its name, cut where it is long, or its number."""
    names = [" ".join(name.split())[:LONGEST_NAME] for name in table.names]
    return [name if name and names.count(name) == 1 else f"column {k + 1}" for k, name in enumerate(names)]


def _of_numbers(table: _Table) -> list[int]:
    """The columns of numbers: most of their cells that hold anything hold one."""
    rows = [row for row, ok in zip(table.rows, table.good, strict=True) if ok]
    filled = np.array([[k < len(row) and row[k] != "" for k in range(table.width)] for row in rows]).sum(0)
    numbers = np.isfinite(table.values[table.good]).sum(0)
    return [k for k in range(table.width) if numbers[k] and 2 * numbers[k] > filled[k]]


def _chosen(table: _Table, x: object, y: object) -> tuple[int, int]:
    """The columns of x and y. Raises ControlError."""
    numbers = _of_numbers(table)
    places = {name: _asked(table, name, value, numbers) for name, value in (("x", x), ("y", y))}
    named = {name: _named(table, name, [k for k in numbers if k not in places.values()]) for name in "xy" if places[name] is None}
    if None not in named.values():  # one name alone says nothing of the other column
        places |= named
    open_ones = [name for name in "xy" if places[name] is None]
    left = [k for k in numbers if k not in places.values()]
    left.sort(key=lambda k: _is_index(table, k))
    spare = sorted(left[: len(open_ones)])
    if len(spare) == 2:  # a column in which all cells are empty is one all the same
        empty = [k for k in range(spare[0] + 1, spare[1]) if not table.names[k] and not any(row[k : k + 1] != [""] for row in table.rows)]
        spare[1:] = [*empty, spare[1]][:1]
    places |= dict(zip(open_ones, spare, strict=False))
    first, second = places["x"], places["y"]
    if first is None or second is None or first == second:
        raise ControlError(f"x and y must be two columns of numbers, got {shown(x)} and {shown(y)}.")
    return first, second


def _asked(table: _Table, name: str, value: object, numbers: Sequence[int]) -> int | None:
    """The column that was asked for by its title or its number; None where it is to be found. Raises ControlError."""
    if value is None or isinstance(value, str) and value in (AUTO, ""):
        return None
    titles, text = _titles(table), str(value)
    place = titles.index(text) if text in titles else int(text) - 1 if re.fullmatch(r"[0-9]{1,4}", text) else -1
    if place not in numbers:
        known = ", ".join(titles[k] for k in numbers[:20])
        raise ControlError(f"{name} must be auto or a column of numbers ({known}); got {shown(value)}.")
    return place


def _named(table: _Table, name: str, among: Sequence[int]) -> int | None:
    """The column of this name, alone or before a unit, as in x (cm)."""
    exact = [k for k in among if table.names[k].lower() == name]
    found = exact or [k for k in among if re.split(r"[\s(\[/]", table.names[k].lower(), maxsplit=1)[0] == name]
    return found[0] if found else None


def _is_index(table: _Table, k: int) -> bool:
    """Whether a column counts the rows."""
    if table.header >= 0 and table.names[k].lower() in INDEX_NAMES:
        return True
    values = table.values[table.good][:, k]
    return len(values) > 2 and bool((np.diff(values) == 1).all()) and float(values[0]).is_integer()


def _taken(table: _Table, x: object, y: object) -> tuple[np.ndarray, np.ndarray]:
    """Which rows give points, and these (n, 2)."""
    if not table.good.any() or len(_of_numbers(table)) < 2:
        return np.zeros(0, int), np.zeros((0, 2))
    points = table.values[:, _chosen(table, x, y)]
    kept = np.flatnonzero(table.good & np.isfinite(points).all(1))
    return kept, points[kept]


def _reading(table: _Table, x: object, y: object) -> Reading:
    """The points of a table and what is to be said of them."""
    kept, points = _taken(table, x, y)
    if len(_of_numbers(table)) < 2:
        return Reading(np.zeros((0, 2)), note="No two columns hold numbers.")
    titles, numbers, chosen = _titles(table), _of_numbers(table), _chosen(table, x, y)
    misfits = sum(len(row) > table.width and any(row[table.width :]) for row in table.rows) if table.width < MOST_COLUMNS else 0
    if table.separator in (" ", ", "):
        misfits += sum(1 < len(row) < table.width for k, row in enumerate(table.rows) if k != table.header)
    without = len(table.rows) - len(kept) - misfits - (table.header >= 0)
    taken = (titles[chosen[0]], titles[chosen[1]])
    reading = Reading(points[:MOST], tuple(titles[k] for k in numbers), taken)
    return replace(reading, note=_note(table, reading, len(points), max(without, 0), misfits))


def _note(table: _Table, reading: Reading, found: int, without: int, misfits: int) -> str:
    """What was read, how, and what was left out."""
    said = f"{len(reading.points):,} point{'s' if len(reading.points) != 1 else ''} read"
    if table.width > 2 or table.header >= 0:
        said += f", x from “{reading.taken[0]}”, y from “{reading.taken[1]}”"
        others = [title for title in reading.columns if title not in reading.taken]
        said += f" (not from {', '.join(others[:5])}{' …' if len(others) > 5 else ''})" if others else ""
    if table.decimal == ",":
        said += f", with decimal commas and {WORDS[table.separator]} between the columns"
    elif table.separator != "," and any(
        "," in cell and np.isfinite(value)
        for row, values in zip(table.rows, table.values, strict=True)
        for cell, value in zip(row, values, strict=False)
    ):
        said += ", commas taken for thousands"
    dropped = [
        f"{without:,} line{'s' if without > 1 else ''} without two numbers" if without else "",
        f"{misfits:,} line{'s' if misfits > 1 else ''} with another number of columns" if misfits else "",
        f"{found - MOST:,} points beyond the first {MOST:,}" if found > MOST else "",
        f"columns beyond the first {MOST_COLUMNS}"
        if table.width == MOST_COLUMNS and any(len(row) > MOST_COLUMNS for row in table.rows)
        else "",
    ]
    left_out = "; ".join(each for each in dropped if each)
    return f"{said}." + (f" Left out: {left_out}." if left_out else "")
