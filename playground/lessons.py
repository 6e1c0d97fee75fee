"""Lesson plans on the race: Markdown with links that open the right state, and an answer key whose numbers are those that were recorded."""

from __future__ import annotations

import numpy as np

from playground import breaks, settings
from playground.errors import ControlError, PlaygroundError
from playground.metrics import steadiness
from playground.metrics.steadiness import FRAGILE, Steadiness
from playground.race import PIXELED, TITLES

MINUTES = (20, 45)
SEED = 7


def plan(minutes: object) -> str:
    """The plan for 20 or 45 minutes, in Markdown. Raises ControlError for another length, PlaygroundError where nothing is recorded."""
    if minutes not in MINUTES:
        raise ControlError(f"minutes must be one of {', '.join(map(str, MINUTES))}; got {minutes!r}.")
    known = steadiness.read()
    if known is None:
        raise PlaygroundError("The answer key needs recorded numbers: python -m playground.metrics --race")
    parts = [_opening(int(str(minutes))), _expect(), _race(known)]
    parts += [_collapse(known)] if minutes == MINUTES[0] else [_targets(), _digits(), _collapse(known), _six(), _claims()]
    return "\n\n".join([*parts, _key(known, int(str(minutes)))]) + "\n"


def _opening(minutes: int) -> str:
    return (
        f"## {minutes} minutes: six ways to learn the same points\n\n"
        "**Aim.** To see that generative models differ in what they do, not in how modern they are; to read a number with its floor.\n\n"
        "**Needed.** One screen. Nothing is installed by the class; every link below opens the state that it names."
    )


def _expect() -> str:
    return (
        "### What do you expect? (3 minutes, before anything is shown)\n\n"
        "Above the sheets, “guess first” hides every number until two guesses are made, and “sheets alone” leaves only what a class should see.\n\n"
        "1. Eight heaps of points in a ring, the same time for all. Who will put points on all eight heaps?\n"
        "2. Who will put most of its points on a heap, and who between them?\n"
        "3. One of the six cannot draw anything but a line. Which, and why?\n\nWrite the answers down: they are looked at again at the end."
    )


def _race(known: Steadiness) -> str:
    return (
        f"### The race (8 minutes)\n\n[Start it](?tab=race&target=ring&seed={SEED}). While it runs, follow one point of each family with the finger. Then drag the slider back to the start and play it slowly: "
        "where does each family *first* find all heaps?\n\n[Another seed](?tab=race&target=ring&seed=8): what stays the same?"
    )


def _targets() -> str:
    return (
        "### Other targets (8 minutes)\n\n[Two spirals](?tab=race&target=spirals&seed=7), [the checkerboard](?tab=race&target=board&seed=7), or points that the class draws itself. "
        "Which family suffers most from sharp edges? Which from thin lines?"
    )


def _digits() -> str:
    usual = PIXELED.usual
    link = settings.query("race", target="digits-8", seconds=usual["seconds"], width=usual["width"], seed=SEED)
    return (
        f"### Digits, and the class's own (6 minutes)\n\n[The same six on digits of 8 × 8 points]({link}). It takes a minute; meanwhile: which one seems to begin with a blur, which one with noise? "
        "Then let somebody draw a sign that is no digit under “Your own digits”, add it, and start again: a quarter of what is learnt is now that sign. Whose share of it is far from a quarter at the end, "
        "and what does a generator that draws too much of it have in common with the GAN that collapses below?"
    )


def _collapse(known: Steadiness) -> str:
    return (
        f"### Break it (6 minutes)\n\n[Break the GAN](?tab=race&play=break&what={FRAGILE}&seed=1), look at the lamp, then [mend it](?tab=race&play=mend&what={FRAGILE}&seed=1). "
        f"One setting differs: `{breaks.get(FRAGILE).changed()[0]}`. Why does a critic that is *too good* make the generator worse?"
    )


def _six() -> str:
    links = "\n".join(
        f"- {each.title}: [break](?tab=race&play=break&what={each.name}&seed=1), [mend](?tab=race&play=mend&what={each.name}&seed=1)"
        for each in breaks.BREAKS.values()
        if each.name != FRAGILE
    )
    return f"### Five more (8 minutes, in groups)\n\nEach group takes one, says what the lamp measures, and explains to the others why the one change helps.\n\n{links}"


def _claims() -> str:
    return (
        "### From points to pictures (8 minutes)\n\n[The table of faces](?tab=compare&data=faces), and below it what textbooks say. Take one sentence: does it hold here? "
        "What would have to be measured to convince somebody who doubts it? Then the [blind test](?tab=compare&play=blind&twelve=12), the whole class together."
    )


def _key(known: Steadiness, minutes: int) -> str:
    means = {who: float(np.mean(values)) for who, values in known.sliced.items()}
    best, worst = (pick((who for who in TITLES), key=lambda who: means[who]) for pick in (min, max))
    covers = {who: " to ".join(map(str, dict.fromkeys((min(each), max(each))))) for who, each in known.covered.items()}
    lines = "\n".join(
        f"| {TITLES[who]} | {means[who]:.3f} ± {known.spread(who) * means[who]:.3f} | {covers[who]} of {known.modes} |" for who in TITLES
    )
    return (
        f"### Answer key\n\nOver {len(known.seeds)} seeds, {known.steps} steps each ({known.when[:10]}, {known.machine}, `{known.command}`):\n\n"
        f"| | distance to real points (real: {known.floor:.3f}) | modes covered |\n|---|---|---|\n{lines}\n\n"
        f"1. Always all {known.modes}: {', '.join(TITLES[who] for who in TITLES if min(known.covered[who]) == known.modes) or 'nobody'}.\n"
        f"2. Nearest to real points: {TITLES[best]}. Farthest: {TITLES[worst]}.\n"
        "3. The autoencoder: one number in its middle can only be bent into a curve; and it has no prior to draw that number from.\n"
        f"4. The broken GAN ends with {covers[FRAGILE]} of {known.modes} modes, whatever the seed."
        + (
            ""
            if minutes == MINUTES[0]
            else "\n5. Every lamp of the other five is lit by the broken setting and out with the mended one: a test of this project runs all of them."
        )
    )
