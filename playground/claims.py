"""What textbooks say of the families, and whether it holds here: each sentence with the numbers that were measured for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from playground import comparison, data, race, registry
from playground.comparison import significant
from playground.controls import Choice
from playground.data import points
from playground.metrics import curve, measurements, steadiness, trainings
from playground.metrics.evidence import BANDS, PREFIX, named
from playground.metrics.measurements import find
from playground.types import Measurement, ModelCard
from playground.verdict import GENERATORS, called, error, is_tie, measured, times

HOLDS, PARTLY, FAILS, OPEN = "holds", "holds in part", "does not hold here", "not measured yet"
SLOW = 3.0  # as many times the seconds is slow
FEW = 4  # network calls
NEAR = 2.0  # as many times the best distance is near it
FINE, PATH, PROBE = (PREFIX + name for name in ("sharpness", "path_length", "probe"))


@dataclass(frozen=True)
class Bar:
    """One number of a claim: whose it is, in words and as a family."""

    name: str
    family: str
    measured: Measurement


@dataclass(frozen=True)
class Group:
    """Numbers of one metric: what it is called, what it says in one sentence, whether more is better."""

    title: str
    explanation: str
    bars: tuple[Bar, ...]
    more_is_better: bool | None = None


@dataclass(frozen=True)
class Claim:
    """said: the textbook's sentence. outcome: one of HOLDS, PARTLY, FAILS, OPEN. finding: what the numbers say. tab: where it can be seen.

    spectrum: by family, the drawn power in each band of spatial frequency as a multiple of the real, where the claim is about that.
    """

    said: str
    outcome: str
    finding: str
    groups: tuple[Group, ...]
    tab: str
    spectrum: Mapping[str, tuple[float, ...]] | None = None

    def named(self, family: str) -> str:
        """What the claim's numbers call the model of a family."""
        return next((bar.name for group in self.groups for bar in group.bars if bar.family == family), family)


@dataclass(frozen=True)
class Found:
    """The measurements of the cards that stand for the families on a data set."""

    cards: Mapping[str, ModelCard]
    numbers: Sequence[Measurement]

    def of(self, metric: str, families: Sequence[str] = GENERATORS, referee: bool = False) -> dict[str, Measurement]:
        """By family, whoever was measured by that metric."""
        found = {family: measured(self.numbers, self.cards[family].id, metric, referee) for family in families}
        return {family: m for family, m in found.items() if m is not None}

    def group(self, metric: str, title: str, explanation: str, more: bool | None, families: Sequence[str] = GENERATORS) -> Group:
        """Those numbers as bars."""
        return Group(title, explanation, tuple(Bar(self.cards[f].title, f, m) for f, m in self.of(metric, families).items()), more)

    @property
    def noun(self) -> str:
        """What the samples are called."""
        return data.get(self.cards[GENERATORS[0]].dataset).noun


def of(dataset: str, numbers: Sequence[Measurement] | None = None) -> tuple[Claim, ...]:
    """All claims on a data set on which every family was trained, from the shipped measurements by default."""
    found = Found(comparison.chosen(dataset), measurements.read() if numbers is None else numbers)
    return tuple(make(found) for make in CLAIMS)


def blur(found: Found) -> Claim:
    """Sharpness by spectrum."""
    said = "A VAE's pictures are blurred."
    sharp = found.of(FINE)
    group = found.group(
        FINE,
        "Fine detail",
        "Amplitude from a quarter of a cycle a point up, against real pictures: 1 is as sharp as real. It cannot tell detail from noise.",
        None,
        comparison.ORDER,
    )
    if len(sharp) < len(GENERATORS):
        return Claim(said, OPEN, "", (), "vae")
    others = [m for family, m in sharp.items() if family != "vae"]
    outcome = HOLDS if all(is_less(sharp["vae"], other) for other in others) else FAILS
    finding = f"Of the fine detail of real {found.noun}, {_each(sharp, lambda m: f'{100 * m.value:.0f} %')} is there."
    names = [f"{PREFIX}spectrum_{k}" for k in range(BANDS)]
    power = {family: [found.of(name, [family]).get(family) for name in names] for family in comparison.ORDER}
    return Claim(said, outcome, finding, (group,), "vae", {family: tuple(m.value for m in each if m) for family, each in power.items()})


def modes(found: Found) -> Claim:
    """Variety: recall, and kinds covered where they are known."""
    said = "GANs drop modes: they draw a part of what there is."
    groups = [
        found.group("recall", "Recall", "Share of real pictures that lie among the drawn ones.", True),
        found.group(
            "mode_coverage", "Kinds covered", "Share of all combinations of features that are drawn legibly and often enough.", True
        ),
    ]
    groups = [group for group in groups if len(group.bars) == len(GENERATORS)]
    if not groups:
        return Claim(said, OPEN, "", (), "gan")
    least = {group.title: min(group.bars, key=lambda bar: bar.measured.value) for group in groups}
    hits = [bar.family == "gan" for bar in least.values()]
    finding = "; ".join(
        f"by {title.lower()} {called(bar.family)} covers least ({_listed_values(group)})"
        for (title, bar), group in zip(least.items(), groups, strict=True)
    )
    tail = "" if all(hits) else " This GAN is trained with a relativistic loss and gradient penalties, which older ones lack."
    return Claim(said, HOLDS if all(hits) else PARTLY if any(hits) else FAILS, f"{_capital(finding)}.{tail}", tuple(groups), "gan")


def order(found: Found) -> Claim:
    """Path length, and a linear probe where factors are known."""
    said = "A VAE's latent space is well ordered, a GAN's is not explicitly."
    families = ("gan", "vae")
    groups = [
        found.group(
            PATH,
            "Path length",
            "How much features change on the way between two codes of one class, against the straightest way (1): PPL of StyleGAN in units of its own ends.",
            False,
            families,
        ),
        found.group(
            PROBE,
            "Linear probe",
            "How much of the known features of a sample a straight line reads off its code (R², mean over the features).",
            True,
            families,
        ),
    ]
    groups = [group for group in groups if len(group.bars) == len(families)]
    if not groups:
        return Claim(said, OPEN, "", (), "vae")
    hits = []
    for group in groups:
        gan, vae = (bar.measured for bar in group.bars)
        hits.append(is_less(vae, gan) if group.more_is_better is False else is_less(gan, vae))
    words = [f"{group.title.lower()} {_listed_values(group)}" for group in groups]
    trained = "read off" in found.cards["vae"].facts["training"]
    tail = " This VAE was trained so that they can be read, the GAN was not." if trained and len(groups) > 1 else ""
    finding = f"{_capital('; '.join(words))}. Diffusion has no code of this kind: its noise is as large as the picture.{tail}"
    return Claim(said, HOLDS if all(hits) else PARTLY if any(hits) else FAILS, finding, tuple(groups), "vae")


def speed(found: Found) -> Claim:
    """Seconds, and how good few steps are."""
    said = "Diffusion is slow."
    seconds = found.of("seconds")
    alike = {(m.machine, m.n) for m in seconds.values()}
    if len(seconds) < len(GENERATORS):
        return Claim(said, OPEN, "", (), "diffusion")
    slower = seconds["diffusion"].value / max(m.value for family, m in seconds.items() if family != "diffusion")
    group = found.group("seconds", "Seconds for 64 samples", "At the default setting, after loading.", False)
    quick = _quick(found.cards["diffusion"].dataset)
    machines = "" if len(alike) == 1 else " (not measured on one machine: read it as an order of magnitude)"
    finding = f"{times(slower)} times the seconds of the slower of GAN and VAE{machines}.{quick}"
    return Claim(said, FAILS if slower < SLOW else PARTLY if quick else HOLDS, _capital(finding), (group,), "diffusion")


def _quick(dataset: str) -> str:
    """What is recorded of few steps: a model within NEAR times the best distance at FEW calls or fewer; empty where there is none."""
    measured_at = [(line, point) for line in curve.read(dataset) for point in line.points]
    best = min((point.kid for _, point in measured_at), default=math.inf)
    few = sorted((point.kid, line.card, point.calls) for line, point in measured_at if point.calls <= FEW and 0 < point.kid <= NEAR * best)
    if not few:
        return ""
    kid, card, calls = few[0]
    return f" But {registry.get(card).title} needs {calls} calls and comes within {times(kid / best)} times the best distance of all (KID {significant(kid)})."


def prior(found: Found) -> Claim:
    """An autoencoder's samples by how its codes are drawn, beside the VAE's."""
    said = "An autoencoder cannot generate."
    card = found.cards["autoencoder"]
    ways = next((control for control in card.controls if isinstance(control, Choice) and control.name == "draw"), None)
    names = [*(ways.choices if ways else ()), "given back"]
    bars = [
        Bar(f"codes from {name}" if name != "given back" else "real ones given back", "autoencoder", m)
        for name in names
        if (m := find(found.numbers, card.id, f"{PREFIX}kid_{named(name)}"))
    ]
    vae = found.of("kid", ["vae"]).get("vae")
    if len(bars) < len(names) or vae is None:
        return Claim(said, OPEN, "", (), "autoencoder")
    best = min(bars[:-1], key=lambda bar: bar.measured.value).measured
    worst = max(bars[:-1], key=lambda bar: bar.measured.value).measured
    is_near = best.value <= NEAR * vae.value + 2 * math.hypot(error(best), NEAR * error(vae))
    group = Group(
        "KID",
        "Distance to real pictures, by where its codes are drawn from; below it the VAE, whose codes have a prior.",
        (*bars, Bar(found.cards["vae"].title, "vae", vae)),
        False,
    )
    finding = (
        f"Real ones that it gives back are at KID {significant(bars[-1].measured.value, 2)}. What it lacks for new ones is where codes lie: "
        f"from N(0, I) KID {significant(worst.value)}, with a mixture fitted to its codes {significant(best.value)}, the VAE {significant(vae.value)}."
    )
    return Claim(said, PARTLY if is_near else HOLDS, finding, (group,), "autoencoder")


def distance(found: Found) -> Claim:
    """Whether FID ranks as other numbers do."""
    said = "The lower the FID, the better the pictures."
    fid, precision = found.of("fid"), found.of("precision")
    second = found.of("fid", referee=True)
    if len(fid) < len(GENERATORS) or len(precision) < len(GENERATORS):
        return Claim(said, OPEN, "", (), "compare")
    ranks = {
        "FID": _ranked(fid, False),
        "precision": _ranked(precision, True),
        **({"FID of the second judge": _ranked(second, False)} if len(second) == len(fid) else {}),
    }
    agree = [name for name, rank in ranks.items() if rank == ranks["FID"]]
    finding = "Best first: " + "; ".join(f"by {name} {', '.join(called(family) for family in rank)}" for name, rank in ranks.items()) + "."
    finding += (
        " FID is one number for sharpness and variety together, in the features of one network. In a large study with people as judges it "
        "ranked diffusion models lower than people did (arXiv:2306.04675)."
    )
    groups = (
        found.group("fid", "FID", "Fréchet distance of features.", False),
        found.group("precision", "Precision", "Share of drawn pictures that lie among the real ones.", True),
    )
    return Claim(said, HOLDS if len(agree) == len(ranks) else FAILS, finding, groups, "compare")


def stability(found: Found) -> Claim:
    """The same training with many seeds, on points of the plane, where many are affordable; and one without what holds it."""
    said = "GAN training is unstable."
    known = steadiness.read()
    if known is None:
        return Claim(said, OPEN, "", (), "race")
    spread = {family: known.spread(family) for family in GENERATORS}
    most = max(spread, key=lambda family: spread[family])
    fragile, held = known.covered[steadiness.FRAGILE], known.covered["gan"]
    loses = max(fragile) < min(held)
    finding = (
        f"Where many trainings can be afforded, on “{points.get(known.target).title}”, {len(known.seeds)} seeds of {known.steps} steps each: the distance to real points "
        f"differs from seed to seed by {_shares(spread)}. With the loss of 2014, a strong critic and no penalty, the GAN ends with {min(fragile)} to {max(fragile)} of {known.modes} modes; "
        f"the one raced here, which is built as those of this page, with {min(held)} to {max(held)}."
    )
    bars = [Bar(race.TITLES[family], family, _over_seeds(known, family)) for family in GENERATORS]
    bars.append(Bar("GAN of 2014, no penalty", "gan", _over_seeds(known, steadiness.FRAGILE)))
    group = Group(
        "Sliced Wasserstein distance over seeds",
        "Mean and standard deviation over trainings that differ in their seed alone.",
        tuple(bars),
        False,
    )
    told, groups = _trained_again(found)
    hits = [most == "gan", loses]
    hits += [max(each.bars, key=lambda bar: _relative(bar.measured)).family == "gan" for each in groups]
    outcome = HOLDS if all(hits) else PARTLY if any(hits) else FAILS
    return Claim(said, outcome, f"{finding} {told}", (group, *groups), "race")


def _trained_again(found: Found) -> tuple[str, tuple[Group, ...]]:
    """What is known of many trainings on the data set itself: in words, and KID of the generators as a group where all were trained for one
    share of their steps (the longest such)."""
    again = [each for each in trainings.read() if each.card in {card.id for card in found.cards.values()}]
    by_share: dict[float, dict[str, trainings.Trainings]] = {}
    for each in again:
        by_share.setdefault(round(each.steps / each.whole, 2), {})[each.card] = each
    ids = {family: found.cards[family].id for family in GENERATORS}
    shares = [share for share, known in by_share.items() if set(ids.values()) <= set(known)]
    if not shares:
        return f"The models of {found.noun} were each trained once: with other seeds that would take hours.", ()
    alike = {family: by_share[max(shares)][card_id] for family, card_id in ids.items()}
    kids = {family: each.over_seeds("kid") for family, each in alike.items()}
    how = f"{len(alike['gan'].seeds)} trainings from scratch, each of {100 * max(shares):.0f} % of the steps of what is shipped"
    told = f"On these {found.noun}, {how}: KID differs by {_shares({family: _relative(m) for family, m in kids.items()})}."
    whole = {each.card: each.over_seeds("fid") for each in again if each.is_whole}
    if whole and max(shares) < 1:
        listed = ", ".join(
            f"{registry.get(card_id).title} {significant(m.value)} ± {significant(m.spread or 0.0, 2)}" for card_id, m in whole.items()
        )
        told += f" In full, as far as that was affordable, FID: {listed}."
        spread = {family: _relative(whole[card_id]) for family, card_id in ids.items() if card_id in whole}
        if len(spread) > 1 and min(spread, key=spread.__getitem__) == "gan":
            told += " So this GAN, unsteady on its way, ends alike with every seed."
    bars = tuple(Bar(found.cards[family].title, family, m) for family, m in kids.items())
    over = next((f" Each KID is a {each.kid_over}." for each in alike.values() if each.kid_over), "")
    return told, (Group("KID over trainings", f"Mean and standard deviation over {how}.{over}", bars, False),)


def _relative(m: Measurement) -> float:
    """A number's spread as a share of it."""
    return (m.spread or 0.0) / m.value


def _over_seeds(known: steadiness.Steadiness, who: str) -> Measurement:
    """The distances over seeds as one number with its spread."""
    values = known.sliced[who]
    mean = sum(values) / len(values)
    return Measurement(
        card=who,
        metric="sliced",
        value=mean,
        n=known.n,
        seed=known.seeds[0],
        split="",
        spread=known.spread(who) * mean,
        spread_over=f"{len(values)} training seeds",
        floor=known.floor,
        machine=known.machine,
        commit=known.commit,
        when=known.when,
        command=known.command,
    )


def _shares(spread: Mapping[str, float]) -> str:
    parts = [f"{100 * value:.0f} % ({called(family).removeprefix('the ')})" for family, value in spread.items()]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


CLAIMS: tuple[Callable[[Found], Claim], ...] = (blur, modes, order, prior, stability, speed, distance)


def is_less(one: Measurement, other: Measurement) -> bool:
    """True where a number is below another by more than their errors."""
    return one.value < other.value and not is_tie(one, other)


def _ranked(found: Mapping[str, Measurement], most: bool) -> tuple[str, ...]:
    return tuple(sorted(found, key=lambda family: found[family].value, reverse=most))


def _each(found: Mapping[str, Measurement], write: Callable[[Measurement], str]) -> str:
    parts = [f"{write(m)} in what {called(family)} draws" for family, m in found.items()]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _listed_values(group: Group) -> str:
    return ", ".join(f"{called(bar.family).removeprefix('the ')} {significant(bar.measured.value, 2)}" for bar in group.bars)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
