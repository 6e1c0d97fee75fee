"""What the tabs show besides plain samples: bottlenecks, noise taken away, hidden parts filled in, guesses at a prior, ways between two, maps.

The page computes them live and `python -m playground previews` records them for the first paint, by these same functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from playground import data, registry, run, weights
from playground.controls import Choice, Label, Prompt, Slider, adjustments, whole
from playground.errors import PlaygroundError
from playground.metrics import features, memory
from playground.sampling import forward
from playground.sampling.latents import lerp_path, plane_grid, slerp_path
from playground.sampling.masks import rectangles
from playground.sampling.noise import seed_of
from playground.types import Images, Latents, ModelCard

MAX_N = 16  # pictures in a row
LIMIT = 3.0  # a map shows the plane from -LIMIT to LIMIT: 99.5 % of N(0, I) lies on it
SLIDE_FRAMES = 24
MIXED = 8
SOURCES = ("drawn", "real")  # where a face to be adjusted comes from
PLANE = "2"  # the code size that can be drawn as a map
CORNERS = {"middle": (0.5, 0.5), "top left": (0.0, 0.0), "top right": (0.0, 1.0), "bottom left": (1.0, 0.0), "bottom right": (1.0, 1.0)}
HIDDEN = Choice(
    "hidden",
    "What is hidden",
    "anywhere",
    ("anywhere", *CORNERS),
    help="Anywhere: the seed chooses a rectangle for each picture, as in training. Otherwise half of the side, each way.",
)
REPAIRED = ("original", "a part hidden", "filled with the mean", "filled by the model")  # the rows of a repair
NOISE = Slider("noise", "Noise s", 0.6, 0.0, 1.5, 0.05, help="Adds N(0, s²) to every pixel; black is -1, white is 1.")


@dataclass(frozen=True)
class Row:
    """Pictures side by side under one name.

    error: mean squared difference from the originals on the scale [-1, 1], if there are any; of a repaired row over what was hidden.
    """

    name: str
    images: Images
    error: float | None = None


def real_samples(dataset: str, n: int, seed: int, label: str | None = None) -> Images:
    """n real test samples that the page ships, all different, chosen by the seed; of one class if a label is given.

    Raises ControlError for a bad n, seed or label, DataUnavailable where the reference is missing.
    """
    n, seed = whole("n", n, 1, MAX_N), whole("seed", seed, 0, run.MAX_SEED)
    known = features.reference(dataset)
    rows = np.arange(len(known["pictures"]))
    if label is not None:
        names = data.get(dataset).labels
        rows = rows[known["picture_labels"] == names.index(Choice("label", "Label", names[0], names).validate(label))]
    chosen = np.random.default_rng(seed_of(seed, "real", label)).choice(rows, n, replace=False)
    return Images(known["pictures"][chosen], known["picture_labels"][chosen].astype(np.int64))


def code_sizes(card: ModelCard) -> tuple[str, ...]:
    """The sizes of code that an autoencoder card offers."""
    return next(control.choices for control in card.controls if control.name == "code_size")


def bottlenecks(card_id: str, images: Images) -> Iterator[Row]:
    """The pictures, then, for each size of code, what the autoencoder and PCA give back of them."""
    yield Row("original", images)
    for size in code_sizes(registry.get(card_id)):
        for name, pca in (("autoencoder", False), ("PCA", True)):
            yield _against(images, f"{name}, {size} numbers", run.reconstruct(card_id, images, variant=f"code{size}", pca=pca))


def denoising(card_id: str, images: Images, noise: float, seed: int) -> Iterator[Row]:
    """The pictures, the same with N(0, noise²) added, and what the denoising variant makes of those. Raises ControlError."""
    sigma, seed = NOISE.validate(noise), whole("seed", seed, 0, run.MAX_SEED)
    eps = np.random.default_rng(seed_of(seed, "noise")).standard_normal(images.pixels.shape, dtype=np.float32)
    spoilt = Images(images.float32() + np.float32(sigma) * eps)  # not clipped, as in training; only the screen clips it
    yield Row("original", images)
    yield _against(images, "noisy", spoilt)
    yield _against(images, "denoised", run.reconstruct(card_id, spoilt, variant="denoiser"))


def can_repair(card: ModelCard) -> bool:
    """True for a shipped autoencoder whose denoising variant was trained on pictures with a part hidden, too."""
    try:
        return weights.record(card.id)["config"].get("masked", 0) > 0
    except PlaygroundError:
        return False


def hidden_parts(n: int, side: int, place: str, seed: int) -> np.ndarray:
    """What is hidden of n pictures, True where it is: bool (n, side, side). Raises ControlError for a place that HIDDEN does not offer."""
    if HIDDEN.validate(place) == HIDDEN.default:
        return rectangles(np.random.default_rng(seed_of(whole("seed", seed, 0, run.MAX_SEED), "hidden")).random((n, 4)), side)
    u = np.minimum([1.0, 1.0, *CORNERS[place]], np.nextafter(1.0, 0.0))  # the largest rectangle, there
    return rectangles(np.tile(u, (n, 1)), side)


def repairing(card_id: str, images: Images, place: str, seed: int) -> Iterator[Row]:
    """The pictures, the same with a part grey, and that part filled in: with the mean training picture, and by the denoising variant.

    What is not hidden is left as it was, and the errors count only what is hidden. Raises PlaygroundError for a card that was not
    trained to repair, and for a bad place or seed.
    """
    card = registry.get(card_id)
    if not can_repair(card):
        raise PlaygroundError(f"{card.id} was not trained to fill in hidden parts.")
    x = images.float32()
    hidden = hidden_parts(len(images), x.shape[1], place, seed)[..., None]  # (n, side, side, 1)
    given = Images(np.where(hidden, np.float32(0), x))

    def filled(name: str, filling: Images) -> Row:
        pixels = np.where(hidden, filling.float32(), x)
        return Row(name, Images(pixels), float(np.square(pixels - x).mean(-1, keepdims=True)[hidden].mean()))

    yield Row(REPAIRED[0], images)
    yield filled(REPAIRED[1], given)
    for name, variant in zip(REPAIRED[2:], ("mean", "denoiser"), strict=True):
        yield filled(name, run.reconstruct(card.id, given, variant=variant))


def guesses(card_id: str, n: int, seed: int, code_size: str) -> Iterator[Row]:
    """Pictures decoded from codes drawn in each way that the card's `draw` control offers, from the same seed."""
    draw = next(control for control in registry.get(card_id).controls if control.name == "draw")
    for choice in draw.choices:
        yield Row(choice, run.sample(card_id, n, seed, limit=MAX_N, code_size=code_size, draw=choice).samples)


def slide(card_id: str, ends: Images, count: int = SLIDE_FRAMES) -> Images:
    """Two pictures encoded, and `count` decoded on the straight line between their codes; y unknown, so z alone says which digit."""
    codes = run.encode(card_id, Images(ends.pixels)).values
    return run.decode(card_id, Latents(lerp_path(codes[0], codes[1], count)))


def pair(dataset: str, first: str, last: str, seed: int) -> Images:
    """One real test sample of each of two classes; two different ones if the classes are the same."""
    return Images(np.stack([real_samples(dataset, 2, seed, label).pixels[i] for i, label in enumerate((first, last))]))


def mix(card_id: str, first: int, second: int) -> Iterator[Row]:
    """The samples of two seeds and what lies between their z on the arc: MIXED pictures, once with each one's label.

    Raises PlaygroundError for a seed out of bounds, and for a card without labels, views of z or a way back from it.
    """
    card = registry.get(card_id)
    if "decode" not in card.can or "z" not in card.views or not any(isinstance(control, Label) for control in card.controls):
        raise PlaygroundError(f"{card.id} cannot mix two samples: that takes a label, and a code that can be decoded.")
    seeds = [whole(name, seed, 0, run.MAX_SEED) for name, seed in (("first", first), ("second", second))]
    ends = [run.sample(card.id, 1, seed, views=("z",)).step.views["z"] for seed in seeds]
    path = slerp_path(ends[0].values[0], ends[1].values[0], MIXED)
    names = data.get(card.dataset).labels
    for which, end in zip(("first", "second"), ends, strict=True):
        yield Row(f"{names[end.labels[0]]}, as the {which}", run.decode(card.id, Latents(path, np.repeat(end.labels, MIXED))))


def copies(card_id: str, n: int, seed: int) -> tuple[tuple[Row, ...], list[float]]:
    """n drawn samples above the training sample that is nearest to each, made again, and the distances.

    Raises PlaygroundError for a bad n or seed, and for a data set without a memory, before anything is drawn.
    """
    dataset = registry.get(card_id).dataset
    memory.real(dataset)
    drawn = run.sample(card_id, n, seed, limit=MAX_N).samples
    found, train = memory.look_up(dataset, drawn)
    return (Row("drawn", drawn), Row("nearest in training", train)), [round(float(value), 3) for value in found.distance]


def there_and_back(card: ModelCard, seed: int, n: int, strength: float = 0.5) -> tuple[tuple[Row, ...], dict[str, object]]:
    """The rows of one real sample, the same noised with n seeds, and what each comes back as; and how that was done."""
    known, names = features.reference(card.dataset), data.get(card.dataset).labels
    label = names[7 % len(names)]
    given = Images(known["pictures"][known["picture_labels"] == names.index(label)][:1])
    asked = {control.name: label for control in card.controls if isinstance(control, Label)}
    first, *_, last = run.stream(card.id, n, seed, views=("x_t",), given=given.float32(), strength=strength, **asked)
    time = forward.begins_at(last.step.total, last.controls["num_inference_steps"], last.controls.get("shift", 1.0))
    rows = (Row("given", given), Row("noised", first.step.views["x_t"]), Row("back", last.samples))
    told = {control.name: last.controls[control.name] for control in card.controls if isinstance(control, Label | Prompt)}
    return rows, {"seed": seed, "strength": strength, **told, "t": time}


def is_plane(card: ModelCard) -> bool:
    """True for a shipped card whose whole latent space is a plane with a prior, so that it can be drawn as a map."""
    try:
        return "decode" in card.can and weights.record(card.id)["config"].get("z_size") == 2
    except PlaygroundError:
        return False


def cut(card: ModelCard) -> tuple[int, int] | None:
    """The two dimensions that say most of a shipped VAE with a longer code, where no card of its data set has a plane for its whole space.

    A map shows the plane through the prior's middle along them. None for any other card.
    """
    if card.family != "vae" or is_plane(card) or any(is_plane(other) for other in registry.cards() if other.dataset == card.dataset):
        return None
    try:
        (first, _), (second, _), *_ = kl_order(card)
    except PlaygroundError:
        return None
    return first, second


def has_map(card: ModelCard) -> bool:
    """True for a shipped card of which a map can be drawn: its whole latent space is a plane, one of its codes is, or a cut through it is."""
    if card.family == "autoencoder":
        return PLANE in code_sizes(card)
    return is_plane(card) or cut(card) is not None


def placed(card: ModelCard, codes: np.ndarray) -> np.ndarray | None:
    """Where codes (n, d) of a card lie on its map (n, 2); None where it has none."""
    if not has_map(card):
        return None
    axes = cut(card)
    return codes if axes is None else codes[:, list(axes)]


def window(card: ModelCard) -> tuple[tuple[float, float], float]:
    """What a card's map shows, as centre and reach each way: the prior, further where a cut's real codes lie further out, or for a card
    without one where the codes of real samples lie."""
    if is_plane(card):
        return (0.0, 0.0), LIMIT
    codes = placed(card, run.encode(card.id, Images(features.reference(card.dataset)["pictures"])).values)
    if cut(card):
        return (0.0, 0.0), max(LIMIT, round(float(np.quantile(np.abs(codes).max(1), 0.98)), 1))
    low, high = np.quantile(codes, [0.01, 0.99], axis=0)
    x, y = ((low + high) / 2).round(2).tolist()
    return (x, y), round(float((high - low).max()) / 2, 2)


def plane(card_id: str, count: int, centre: tuple[float, float] = (0.0, 0.0), limit: float = LIMIT) -> Images:
    """What a card decodes on a count x count grid over [-limit, limit]^2 around the centre, row by row from the top left."""
    places, card = plane_grid(count, limit) + np.float32(centre), registry.get(card_id)
    axes = cut(card)
    if axes is not None:
        codes = np.zeros((len(places), len(kl_order(card))), dtype=np.float32)
        codes[:, list(axes)] = places
        places = codes
    return run.decode(card_id, Latents(places))


def bare_places(codes: np.ndarray, centre: tuple[float, float], reach: float, count: int) -> np.ndarray:
    """The places of a count x count map where no code (n, 2) lies within a place's width of the middle: bool (count, count), from the top left."""
    step = 2 * reach / count
    places = plane_grid(count, reach - step / 2) + np.float32(centre)
    distance = np.linalg.norm(places[:, None] - codes[None].astype(np.float32), axis=2).min(1)
    return (distance > step).reshape(count, count)


def plane_codes(card: ModelCard) -> tuple[np.ndarray, np.ndarray] | None:
    """Where the test samples fall on a card's plane: codes (n, 2) and labels (n,); None where the reference holds none."""
    try:
        known = features.reference(card.dataset)
    except PlaygroundError:
        return None
    codes = known.get(f"{card.id}_codes")
    return None if codes is None else (codes, known["code_labels"])


def kl_order(card: ModelCard) -> list[tuple[int, float]]:
    """The latent dimensions of a VAE as (index, KL in nats over the validation samples), largest first, as its `top` control orders them."""
    kl = weights.record(card.id)["facts"]["kl_known"]
    return [(int(i), kl[i]) for i in np.argsort(kl)[::-1]]


def starting_code(card_id: str, source: str, seed: int, label: str = "any") -> tuple[Images, Latents]:
    """One picture and its code: "drawn" from the prior, or a "real" test sample encoded. Raises ControlError."""
    if Choice("source", "Source", SOURCES[0], SOURCES).validate(source) == "drawn":
        found = run.sample(card_id, 1, seed, label=label, views=("z",))
        return found.samples, found.step.views["z"]
    real = real_samples(registry.get(card_id).dataset, 1, seed, None if label == "any" else label)
    return real, run.encode(card_id, real)


def factors_read(dataset: str, images: Images) -> list[dict[str, float | str]]:
    """What the data set's reader takes the factors of each picture to be, within their bounds."""
    about = data.get(dataset)
    found = run.score(about.extractor, images).factors
    return [
        {
            factor.name: float(np.clip(found[factor.name][i], factor.minimum, factor.maximum))
            if isinstance(factor, Slider)
            else factor.choices[int(found[factor.name][i].argmax())]
            for factor in about.factors
        }
        for i in range(len(images))
    ]


def sweeps(card_id: str, codes: Latents, count: int = 8) -> Iterator[Row]:
    """For each factor, one code with that factor alone moved: evenly from end to end for a number, through the choices for a word."""
    for factor in adjustments(registry.get(card_id).controls):
        values = np.linspace(factor.minimum, factor.maximum, count).tolist() if isinstance(factor, Slider) else factor.choices
        pictures = [run.decode(card_id, codes, **{factor.name: value}).pixels for value in values]
        yield Row(factor.title, Images(np.concatenate(pictures)))


def recorded(card: ModelCard, seed: int, n: int = 8) -> Iterator[tuple[str, Sequence[Row], dict[str, object]]]:
    """What the first paint needs of a card besides its samples: (name, rows, settings) of each exhibit."""
    if card.family == "autoencoder":
        real = real_samples(card.dataset, n, seed)
        size = next(control.default for control in card.controls if control.name == "code_size")
        yield "bottleneck", tuple(bottlenecks(card.id, real)), {"n": n, "seed": seed}
        yield "denoising", tuple(denoising(card.id, real, NOISE.default, seed)), {"n": n, "seed": seed, "noise": NOISE.default}
        if can_repair(card):
            yield "repairing", tuple(repairing(card.id, real, HIDDEN.default, seed)), {"n": n, "seed": seed, "hidden": HIDDEN.default}
        yield "guesses", tuple(guesses(card.id, n, seed, size)), {"n": n, "seed": seed, "code_size": size}
    elif card.family == "gan":
        yield "mix", tuple(mix(card.id, seed, seed + 1)), {"first": seed, "second": seed + 1}
    elif any(control.name == "strength" for control in card.controls):
        yield "return", *there_and_back(card, seed, n)
    elif card.family == "vae" and not is_plane(card):
        first, last = data.get(card.dataset).labels[3], data.get(card.dataset).labels[8]
        ends = pair(card.dataset, first, last, seed)
        yield "slide", (Row("ends", ends), Row("frames", slide(card.id, ends))), {"seed": seed, "first": first, "last": last}
        if adjustments(card.controls):
            shown, codes = starting_code(card.id, "drawn", seed)
            yield "adjust", (Row("as drawn", shown), *sweeps(card.id, codes)), {"seed": seed}
    if "sample" in card.can and data.get(card.dataset).kind == "image" and card.family != "autoencoder":  # it is not made to draw
        rows, distances = copies(card.id, n, seed)
        yield "copies", rows, {"n": n, "seed": seed, "distances": distances}


def _against(originals: Images, name: str, images: Images) -> Row:
    return Row(name, images, float(np.square(images.float32() - originals.float32()).mean()))
