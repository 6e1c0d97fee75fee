"""The four steps of generative AI, done now in a few seconds each: a network trained, a line through a latent space, pictures drawn, a taste followed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from playground import feedback, previews, race, run, walks
from playground.exhibits import is_plane
from playground.two_ways import generators
from playground.types import Images, ModelCard

N = 8  # pictures of each step
FAMILY, TARGET, SECONDS = "diffusion", "digits-8", 4.0  # what is trained
ENLARGED = 4  # points of what is shown for each of its points, both ways
STRENGTH = 2.0  # of the generator that follows the feedback


def plane() -> ModelCard:
    """The card through whose latent space the line goes: the VAE whose code is a place on a plane."""
    return next(card for card in previews.drawn() if card.family == "vae" and is_plane(card))


def spread(count: int) -> np.ndarray:
    """N places spread evenly over count, both ends included."""
    return np.linspace(0, count - 1, N).round().astype(int)


def live(seed: object) -> Iterator[tuple[str, Images]]:
    """(step, pictures) as they come, one step after the other: training, latent, generation, feedback. Raises PlaygroundError for a bad seed."""
    wanted = race.plan(TARGET, seed, SECONDS, families=(FAMILY,))
    for images in training(wanted):
        yield "training", images
    yield "latent", walks.walk(plane().id, wanted.seed, (wanted.seed + 1) % (run.MAX_SEED + 1), steps=N)
    for found in run.stream(generators()["diffusion"].id, N, wanted.seed, limit=run.VISITOR_N):
        yield "generation", found.samples
    yield "feedback", followed(wanted.seed)


def training(wanted: race.Plan) -> Iterator[Images]:
    """One picture from the same noise at N moments of a training, spread over what has been of it so far; one moment at first."""
    seen: list[np.ndarray] = []
    for frame in race.run(wanted):
        seen.append(frame.points[0])
        moments = np.unique(spread(len(seen)))
        side = wanted.target.side
        pixels = Images(np.stack([seen[k] for k in moments]).reshape(-1, side, side, 1)).uint8()
        yield Images(pixels.repeat(ENLARGED, 1).repeat(ENLARGED, 2))


def followed(seed: int) -> Images:
    """Faces before any feedback, and the same after twelve choices of the first made-up person: half of N each."""
    reward = feedback.fit(feedback.pairs(seed), feedback.choices(feedback.PEOPLE[0], seed))
    before, after = (feedback.tuned(reward, strength, N // 2, seed).images.uint8() for strength in (0.0, STRENGTH))
    return Images(np.concatenate([before, after]))
