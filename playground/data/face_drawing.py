"""How a toy face is drawn from its factors: flat shapes on a canvas four times as large, then averaged down (anti-aliasing).

Coordinates: the picture is [-1, 1] x [-1, 1], x to the right, y down. Head parts turn about the chin (tilt), and the parts of
the face shift sideways on the head (turn), nearer parts further: a cheap parallax.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SIDE = 64
OVERSAMPLING = 4
CANVAS = SIDE * OVERSAMPLING

Colour = tuple[float, float, float]
Point = tuple[float, float]

SKIN: Mapping[str, Colour] = {
    "porcelain": (255, 226, 206),
    "beige": (240, 194, 158),
    "tan": (208, 152, 106),
    "brown": (152, 98, 64),
    "deep brown": (96, 60, 42),
}
HAIR: Mapping[str, Colour] = {"black": (38, 34, 44), "brown": (118, 68, 34), "blond": (238, 196, 92), "red": (206, 78, 30)}
EYES: Mapping[str, Colour] = {"brown": (96, 52, 20), "blue": (44, 120, 220), "green": (40, 150, 70)}
BACKGROUNDS: Mapping[str, Colour] = {
    "sky": (150, 200, 240),
    "mint": (160, 222, 190),
    "rose": (244, 176, 190),
    "sand": (240, 218, 160),
    "lilac": (190, 172, 232),
    "slate": (112, 128, 150),
}
SHIRTS: Mapping[str, Colour] = {
    "sky": (60, 90, 150),
    "mint": (40, 120, 100),
    "rose": (160, 60, 100),
    "sand": (200, 110, 50),
    "lilac": (90, 70, 150),
    "slate": (220, 170, 70),
}
INK: Colour = (40, 36, 40)
PAPER: Colour = (250, 248, 242)
GREY: Colour = (214, 214, 218)
WHITE: Colour = (252, 252, 252)
FRAMES: Colour = (30, 30, 36)
GOLD: Colour = (250, 205, 60)
HATS: Mapping[str, Colour] = {"beanie": (196, 52, 60), "cap": (36, 96, 176)}
MOUTH: Colour = (120, 28, 36)
LIPS: Colour = (190, 80, 84)

HEAD_Y, HEAD_W, HEAD_H = 0.08, 0.50, 0.62
PIVOT: Point = (0.0, 0.75)
_ANGLES = np.linspace(0.0, 2.0 * math.pi, 28, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` of the way from a to b."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))


class Pen:
    """Draws shapes given in picture coordinates: in colours, or (ink) as outlines on paper with hair in three tones."""

    def __init__(self, ink: bool, background: Colour):
        self.ink = ink
        self.picture = Image.new("RGB", (CANVAS, CANVAS), _rgb(PAPER if ink else background))
        self.pen = ImageDraw.Draw(self.picture)
        self.cos, self.sin = 1.0, 0.0

    def tilt(self, degrees: float) -> None:
        """Turns all that is drawn from now on about PIVOT."""
        self.cos, self.sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def polygon(self, points: np.ndarray | Sequence[Point], colour: Colour, tone: bool = False) -> None:
        """A filled shape, points (n, 2). tone: in ink its brightness is kept, in three steps, instead of being left as paper."""
        at = self._place(points)
        if not self.ink:
            self.pen.polygon(at, fill=_rgb(colour))
            return
        level = (0.0, 0.45, 0.8)[min(2, int(sum(colour) / 765 * 3))] if tone else 1.0
        self.pen.polygon(at, fill=_rgb(mix(INK, PAPER, level)))
        self.pen.line([*at, *at[:2]], fill=_rgb(INK), width=3, joint="curve")

    def ellipse(self, x: float, y: float, w: float, h: float, colour: Colour, tone: bool = False) -> None:
        """A filled ellipse with centre (x, y) and half axes w, h."""
        self.polygon(_CIRCLE * (w, h) + (x, y), colour, tone)

    def line(self, points: Sequence[Point] | np.ndarray, colour: Colour, width: float) -> None:
        """A line with round ends; width in picture units."""
        at, pixels = self._place(points), width * CANVAS / 2
        colour = INK if self.ink else colour
        self.pen.line(at, fill=_rgb(colour), width=max(1, round(pixels)), joint="curve")
        r = pixels / 2
        for x, y in ((at[0], at[1]), (at[-2], at[-1])):
            self.pen.ellipse((x - r, y - r, x + r, y + r), fill=_rgb(colour))

    def ring(self, x: float, y: float, w: float, h: float, colour: Colour, width: float, square: bool = False) -> None:
        """An outline: an ellipse, or a rectangle with rounded corners."""
        circle = np.sign(_CIRCLE) * np.abs(_CIRCLE) ** (0.35 if square else 1.0)
        self.line(np.concatenate([circle, circle[:2]]) * (w, h) + (x, y), colour, width)

    def finish(self, light: float) -> np.ndarray:
        """The picture as uint8 (SIDE, SIDE, 3), one side brighter by up to 9 % (light < 0: the left one)."""
        small = np.asarray(self.picture.reduce(OVERSAMPLING), dtype=np.float32)
        if not self.ink:
            small = small * (1.0 + 0.09 * light * np.linspace(-1, 1, SIDE, dtype=np.float32))[None, :, None]
        return np.clip(np.round(small), 0, 255).astype(np.uint8)

    def _place(self, points: np.ndarray | Sequence[Point]) -> list[float]:
        p = np.asarray(points, dtype=np.float64) - PIVOT
        x = p[:, 0] * self.cos - p[:, 1] * self.sin + PIVOT[0]
        y = p[:, 0] * self.sin + p[:, 1] * self.cos + PIVOT[1]
        return ((np.stack([x, y], axis=1) + 1.0) * (CANVAS / 2)).ravel().tolist()


def arc(x: float, y: float, w: float, h: float, first: float, last: float, count: int = 12) -> np.ndarray:
    """Points (count, 2) on an ellipse's outline from one angle to another, in degrees, 0 to the right and 90 down."""
    angles = np.radians(np.linspace(first, last, count))
    return np.stack([x + w * np.cos(angles), y + h * np.sin(angles)], axis=1)


def draw(f: Mapping[str, Any], ink: bool = False) -> np.ndarray:
    """One face as uint8 (SIDE, SIDE, 3) from the values of all factors; ink: a line drawing of the same person."""
    old = (f["age"] - 20.0) / 70.0  # 0 at 20 years, 1 at 90
    skin = SKIN[f["skin_tone"]]
    hair = mix(HAIR[f["hair_colour"]], GREY, 0.64 * max(0.0, old - 0.30) / 0.70)
    pen = Pen(ink, BACKGROUNDS[f["background"]])
    shade = mix(skin, (60, 20, 20), 0.22)
    shirt = SHIRTS[f["background"]]
    pen.ellipse(0.0, 1.18, 0.78, 0.42, shirt)
    pen.tilt(5.0 * f["tilt"])
    _hair_behind(pen, f, hair)
    pen.polygon([(-0.17, 0.5), (0.17, 0.5), (0.20, 0.86), (-0.20, 0.86)], shade)
    ear = 0.10 + 0.02 * old
    for side in (-1, 1):
        pen.ellipse(side * (HEAD_W + 0.01), HEAD_Y + 0.06, 0.085, ear + 0.02, mix(skin, shade, 0.35))
    width = HEAD_W - 0.03 * old
    pen.ellipse(0.0, HEAD_Y, width, HEAD_H, skin)
    pen.ellipse(0.0, HEAD_Y + 0.20 + 0.08 * old, width * (0.80 + 0.12 * old), HEAD_H * 0.62, skin)  # a jaw, longer and heavier with age
    if ink:
        pen.pen.polygon(pen._place(_CIRCLE * (width - 0.02, HEAD_H - 0.02) + (0.0, HEAD_Y)), fill=_rgb(PAPER))
    turn = 0.085 * f["turn"]
    _beard_behind(pen, f, hair, turn)
    _wrinkles(pen, old, skin, shade, turn)
    _cheeks(pen, skin, old, turn, max(0.0, f["smile"]))
    _eyes(pen, f, old, skin, hair, turn)
    _nose(pen, f, old, skin, turn)
    _mouth(pen, f, turn)
    _moustache(pen, f, hair, turn)
    _hair_before(pen, f, hair, skin)
    _hat(pen, f)
    _glasses(pen, f, turn)
    _earrings(pen, f)
    return pen.finish(f["light"])


def _hair_behind(pen: Pen, f: Mapping[str, Any], hair: Colour) -> None:
    style = f["hairstyle"]
    if style == "long":
        pen.polygon(
            np.concatenate([arc(0, -0.10, 0.68, 0.62, 180, 360), [(0.74, 0.85), (0.38, 0.95), (-0.38, 0.95), (-0.74, 0.85)]]), hair, True
        )
    elif style == "bob":
        pen.polygon(
            np.concatenate(
                [arc(0, -0.10, 0.67, 0.60, 180, 360), arc(0.42, 0.40, 0.26, 0.16, 0, 90, 6), arc(-0.42, 0.40, 0.26, 0.16, 90, 180, 6)]
            ),
            hair,
            True,
        )
    elif style == "curly":
        for x, y in ((-0.50, -0.30), (0.50, -0.30), (-0.60, -0.02), (0.60, -0.02), (-0.57, 0.26), (0.57, 0.26)):
            pen.ellipse(x, y, 0.22, 0.22, hair, True)
    elif style == "pigtails":
        for side in (-1, 1):
            pen.polygon(
                [
                    (side * 0.48, -0.12),
                    (side * 0.80, 0.0),
                    (side * 0.90, 0.40),
                    (side * 0.74, 0.70),
                    (side * 0.62, 0.42),
                    (side * 0.56, 0.10),
                ],
                hair,
                True,
            )
            pen.ellipse(side * 0.56, -0.03, 0.085, 0.085, (240, 80, 150))
    elif style == "bun":
        pen.ellipse(0.0, -0.70, 0.25, 0.22, hair, True)


def _hair_before(pen: Pen, f: Mapping[str, Any], hair: Colour, skin: Colour) -> None:
    style = f["hairstyle"]
    top = HEAD_Y - HEAD_H  # -0.54
    dark = mix(hair, (0, 0, 0), 0.18)
    if style == "bald":
        for side in (-1, 1):  # what is left of it, above the ears
            pen.ellipse(side * 0.49, HEAD_Y - 0.10, 0.075, 0.15, hair, True)
        if f["hat"] == "none":
            pen.ellipse(0.10 * (1 if f["light"] >= 0 else -1), top + 0.14, 0.13, 0.055, mix(skin, WHITE, 0.35))
        return
    cap = np.concatenate([arc(0, HEAD_Y - 0.12, HEAD_W + 0.035, HEAD_H - 0.06, 178, 362, 20)])
    if style == "short":
        pen.polygon(np.concatenate([cap, [(0.47, -0.10), (0.38, -0.27), (-0.12, -0.32), (-0.40, -0.20), (-0.47, -0.06)]]), hair, True)
        pen.line([(-0.12, -0.33), (0.10, -0.57)], dark, 0.03)
    elif style == "spiky":
        rays = []
        for k in range(9):
            a = math.radians(188 + 43 * k / 2)
            rays.append((0.52 * math.cos(a), HEAD_Y - 0.14 + 0.50 * math.sin(a)))
            if k < 8:
                b = math.radians(188 + 43 * (k + 0.5) / 2)
                rays.append((0.76 * math.cos(b), HEAD_Y - 0.12 + 0.80 * math.sin(b)))
        pen.polygon(
            [*rays, (0.44, -0.10), (0.30, -0.28), (0.12, -0.20), (-0.04, -0.30), (-0.20, -0.20), (-0.34, -0.28), (-0.46, -0.10)], hair, True
        )
    elif style == "mohawk":
        pen.polygon(
            [(-0.17, -0.30), (-0.20, -0.62), (-0.13, -0.94), (0.0, -0.86), (0.13, -0.94), (0.20, -0.62), (0.17, -0.30), (0.0, -0.24)],
            hair,
            True,
        )
    elif style == "curly":
        for x, y in (
            (-0.40, -0.34),
            (-0.22, -0.50),
            (0.0, -0.56),
            (0.22, -0.50),
            (0.40, -0.34),
            (-0.16, -0.34),
            (0.16, -0.34),
            (0.0, -0.40),
        ):
            pen.ellipse(x, y, 0.20, 0.19, hair, True)
    elif style == "bob":
        pen.polygon(np.concatenate([cap, [(0.50, 0.0), (0.44, -0.17), (-0.44, -0.17), (-0.50, 0.0)]]), hair, True)  # a straight fringe
    elif style == "long":
        pen.polygon(
            np.concatenate([cap, [(0.54, 0.30), (0.44, -0.02), (0.03, -0.50), (-0.03, -0.50), (-0.44, -0.02), (-0.54, 0.30)]]), hair, True
        )
        pen.line([(0.0, -0.64), (0.0, -0.48)], dark, 0.025)
    elif style == "bun":
        pen.polygon(np.concatenate([cap, [(0.49, -0.02), (0.36, -0.32), (0.0, -0.42), (-0.36, -0.32), (-0.49, -0.02)]]), hair, True)
        pen.line(arc(0, -0.56, 0.20, 0.04, 10, 170, 8), dark, 0.04)
    elif style == "pigtails":
        pen.polygon(
            np.concatenate([cap, [(0.48, -0.06), (0.30, -0.30), (0.02, -0.36), (-0.02, -0.36), (-0.30, -0.30), (-0.48, -0.06)]]), hair, True
        )
        pen.line([(0.0, -0.64), (0.0, -0.38)], mix(skin, hair, 0.3), 0.03)


def _hat(pen: Pen, f: Mapping[str, Any]) -> None:
    hat = f["hat"]
    if hat == "beanie":
        colour = HATS[hat]
        pen.polygon(arc(0, -0.26, 0.57, 0.58, 180, 360, 20), colour, True)
        pen.polygon([(-0.60, -0.34), (0.60, -0.34), (0.60, -0.18), (-0.60, -0.18)], mix(colour, WHITE, 0.25), True)
        pen.ellipse(0.0, -0.86, 0.11, 0.11, WHITE)
    elif hat == "cap":
        colour = HATS[hat]
        side = 1 if f["turn"] >= 0 else -1
        pen.polygon(arc(0, -0.26, 0.56, 0.50, 180, 360, 20), colour, True)
        pen.polygon(
            [
                (-0.55 * side, -0.28),
                (0.52 * side, -0.34),
                (0.92 * side, -0.20),
                (0.90 * side, -0.13),
                (0.50 * side, -0.17),
                (-0.55 * side, -0.19),
            ],
            mix(colour, (0, 0, 0), 0.3),
            True,
        )
        pen.ellipse(0.0, -0.76, 0.05, 0.035, WHITE)


def _eyes(pen: Pen, f: Mapping[str, Any], old: float, skin: Colour, hair: Colour, turn: float) -> None:
    shape, smile = f["eye_shape"], f["smile"]
    size = 0.132 - 0.036 * old
    height = size * {"round": 1.08, "almond": 0.66, "sleepy": 1.0}[shape] * (1.0 - 0.14 * max(0.0, smile))
    y = 0.0
    for side in (-1, 1):
        x = side * 0.215 + turn
        if shape == "almond":
            lens = np.concatenate(
                [
                    arc(x, y + height * 0.6, size * 1.2, height * 1.6, 200, 340, 8),
                    arc(x, y - height * 0.6, size * 1.2, height * 1.6, 20, 160, 8),
                ]
            )
            pen.polygon(lens, WHITE)
        else:
            pen.ellipse(x, y, size, height, WHITE)
        look = x + 0.25 * turn
        iris = 0.60 * size
        if not pen.ink:
            pen.ellipse(look, y, iris, min(iris * 1.06, height), EYES[f["eye_colour"]])
        pen.ellipse(look, y, 0.27 * size, min(0.29 * size, height), (16, 14, 18), True)
        if not pen.ink:
            pen.ellipse(look - 0.022, y - 0.028, 0.017, 0.017, WHITE)
        if shape == "sleepy":
            lid = np.concatenate([arc(x, y, size + 0.012, height + 0.012, 180, 360, 12), [(x + size, y + 0.012), (x - size, y + 0.012)]])
            pen.polygon(lid, mix(skin, (110, 60, 70), 0.30))
            pen.line([(x - size, y + 0.012), (x + size, y + 0.012)], mix(skin, INK, 0.75), 0.022)
        else:
            pen.line(arc(x, y, size * (1.15 if shape == "almond" else 1.0), height, 205, 335, 8), mix(skin, INK, 0.75), 0.022)
        frown, lift = max(0.0, -smile), 0.03 * max(0.0, smile)
        inner = (x - side * 0.11, y - 0.215 - lift - 0.055 * frown)
        outer = (x + side * 0.12, y - 0.20 - lift + 0.05 * frown)
        pen.line([inner, (x, y - 0.245 - lift), outer], mix(hair, (0, 0, 0), 0.12), 0.050)


def _wrinkles(pen: Pen, old: float, skin: Colour, shade: Colour, turn: float) -> None:
    if old <= 0.18:
        return
    colour = mix(skin, shade, min(1.0, (old - 0.18) * 1.8))
    colour = mix(colour, (70, 30, 30), 0.28 * max(0.0, old - 0.4))
    reach = min(1.0, 0.4 + old)
    for side in (-1, 1):
        x = turn + side * 0.215
        pen.line(arc(x, 0.03, 0.13, 0.13, 40, 140, 6), colour, 0.018 + 0.012 * old)  # under the eye
        pen.line(
            arc(turn + side * 0.14, 0.30, 0.20 * reach, 0.24 * reach, *((-70, 10) if side > 0 else (250, 170)), 7),
            colour,
            0.016 + 0.016 * old,
        )
        if old > 0.4:  # crow's feet
            for k in (-1, 0, 1):
                pen.line([(turn + side * 0.36, 0.01 + 0.02 * k), (turn + side * (0.36 + 0.08 * old), 0.01 + 0.07 * k)], colour, 0.018)
    for k in range(1 + round(2 * old)):
        w = 0.24 * reach
        pen.line(arc(turn * 0.7, -0.22 - 0.075 * k, w, 0.03, 200, 340, 6), colour, 0.016 + 0.010 * old)


def _cheeks(pen: Pen, skin: Colour, old: float, turn: float, smile: float) -> None:
    if pen.ink:
        return
    for side in (-1, 1):
        pen.ellipse(turn + side * 0.31, 0.23 - 0.02 * smile, 0.095, 0.07, mix(skin, (236, 92, 92), 0.30 * (1.0 - 0.7 * old) + 0.10 * smile))


def _nose(pen: Pen, f: Mapping[str, Any], old: float, skin: Colour, turn: float) -> None:
    """A round tip that shines, a long ridge with one side in the shade, or a broad one with two nostrils."""
    x, grow = 1.5 * turn, 1.0 + 0.15 * old
    warm, dark, bright = mix(skin, (190, 60, 50), 0.34), mix(skin, (40, 8, 8), 0.55), mix(skin, (255, 250, 240), 0.42)
    if f["nose"] == "button":
        pen.ellipse(x, 0.17, 0.098 * grow, 0.086 * grow, warm)
        pen.ellipse(x - 0.03, 0.14, 0.034, 0.028, bright)
    elif f["nose"] == "long":
        top, tip, side = (x * 0.7 + 0.012, -0.10), (x + 0.085 * grow, 0.265), (x - 0.055, 0.275)
        pen.polygon([top, tip, side], bright)
        pen.line([top, tip, side], dark, 0.040)
    else:
        pen.ellipse(x, 0.19, 0.178 * grow, 0.076 * grow, warm)
        for side in (-1, 1):
            pen.ellipse(x + side * 0.088 * grow, 0.215, 0.042, 0.028, dark)


def _mouth(pen: Pen, f: Mapping[str, Any], turn: float) -> None:
    smile, x, y = f["smile"], 1.1 * turn, 0.43
    half = 0.16 + 0.08 * max(0.0, smile)
    bend = 0.15 * min(smile, 0.7) if smile > 0 else 0.16 * smile
    t = np.linspace(-1, 1, 15)
    curve = np.stack([x + half * t, y + bend * (0.5 - t**2)], axis=1)
    if smile > 0.25:  # an open mouth with teeth, opening on towards a laugh
        gape = 0.20 * (smile - 0.25) / 0.75
        lower = np.stack([x + half * t[::-1], curve[::-1, 1] + gape * np.sqrt(1 - t**2)], axis=1)  # round, not pointed
        teeth = np.stack([x + half * 0.92 * t[::-1], curve[::-1, 1] + 0.42 * gape * np.sqrt(1 - t**2)], axis=1)
        pen.polygon(np.concatenate([curve, lower]), MOUTH, True)
        pen.polygon(np.concatenate([(curve - (x, 0)) * (0.92, 1) + (x, 0), teeth]), WHITE)
        pen.line(np.concatenate([curve, lower, curve[:1]]), LIPS, 0.022)
    else:
        pen.line(curve, mix(LIPS, MOUTH, 0.45), 0.042)


def _beard_behind(pen: Pen, f: Mapping[str, Any], hair: Colour, turn: float) -> None:
    if f["beard"] != "full":
        return
    outer = arc(0.0, 0.25, 0.475, 0.58, -8, 188, 20)
    inner = arc(turn, 0.26, 0.33, 0.16, 180, 0, 10)
    pen.polygon(np.concatenate([outer, inner]), hair, True)
    pen.ellipse(1.1 * turn, 0.44, 0.24, 0.12, mix(hair, (0, 0, 0), 0.12), True)


def _moustache(pen: Pen, f: Mapping[str, Any], hair: Colour, turn: float) -> None:
    if f["beard"] == "none":
        return
    x, y, dark = 1.1 * turn, 0.315, mix(hair, (0, 0, 0), 0.1)
    if f["beard"] == "moustache":
        for side in (-1, 1):
            pen.polygon(
                [(x, y - 0.045), (x + side * 0.14, y - 0.02), (x + side * 0.27, y + 0.055), (x + side * 0.13, y + 0.055), (x, y + 0.03)],
                dark,
                True,
            )
    else:
        pen.polygon([(x - 0.19, y + 0.03), (x, y - 0.04), (x + 0.19, y + 0.03), (x, y + 0.035)], dark, True)


def _glasses(pen: Pen, f: Mapping[str, Any], turn: float) -> None:
    if f["glasses"] == "none":
        return
    square = f["glasses"] == "square"
    w, h = (0.185, 0.135) if square else (0.165, 0.165)
    for side in (-1, 1):
        pen.ring(side * 0.215 + turn, 0.01, w, h, FRAMES, 0.046 if square else 0.034, square)
        pen.line([(side * (0.215 + w) + turn, -0.01), (side * 0.52, 0.0)], FRAMES, 0.03)
    pen.line([(-0.05 + turn, -0.01), (0.05 + turn, -0.01)], FRAMES, 0.034)


def _earrings(pen: Pen, f: Mapping[str, Any]) -> None:
    if f["earrings"] == "none":
        return
    for side in (-1, 1):
        pen.ellipse(side * 0.535, HEAD_Y + 0.27, 0.062, 0.075, GOLD, True)
        pen.ellipse(side * 0.535, HEAD_Y + 0.27, 0.026, 0.034, mix(GOLD, (120, 80, 0), 0.55), True)


def _rgb(colour: Colour) -> tuple[int, int, int]:
    return tuple(round(c) for c in colour)
