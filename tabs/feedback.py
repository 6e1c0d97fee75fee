"""The Feedback tab: choose between two faces twelve times; a reward is fitted to the choices, and the generator follows it, at last too far."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import gradio as gr

from playground import feedback, previews, settings
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.feedback import Lesson, Reward
from playground.types import Images
from tabs import pictures, strips, widgets
from tabs.widgets import HEAVY, TabPage

TITLE = "Feedback"
ID = "feedback"
SIDES = ("left", "right")
WORDS = {  # of each axis: what its low and its high end look like
    "age": ("younger", "older"),
    "smile": ("frowning", "laughing"),
    "beard": ("shaven", "bearded"),
    "hair_colour": ("dark hair", "blond hair"),
    "glasses": ("no glasses", "glasses"),
    "turn": ("looking left", "looking right"),
}
EVENT: dict[str, Any] = {"api_visibility": "private", **HEAVY}


def build() -> TabPage:
    """The tab's components and events."""
    widgets.opening(
        "Learning from feedback: a taste, caught in numbers",
        "Nobody can write down what makes an answer good, or a face likeable, but everybody can say which of two they prefer. From such choices a <i>reward</i> is fitted, and the "
        "generator is then moved towards what the reward likes. Language models learn their manners so; here each step is small enough to be exact.",
        "a reward is a guess at a taste from few choices. Followed too far, it is satisfied by what nobody would choose.",
    )
    with gr.Accordion("Try", open=True):
        linked = _choosing()
    with gr.Accordion("How it works", open=False):
        gr.Markdown(
            "1. **The generator** is the VAE of toy faces, with one face and six of its features left open: six numbers, drawn from a bell curve.\n"
            "2. **The reward** is a weight for each feature. After Bradley and Terry (1952) a face with reward *a* is chosen before one with *b* with the probability 1 / (1 + exp(b − a)). "
            "The weights are those that make the choices most likely, held back by a prior; with the other eleven choices it is tried whether the twelfth can be guessed.\n"
            "3. **Best of 16**: draw sixteen, keep the one that the reward likes best. No training at all, and at most 1.8 nats away from the generator.\n"
            "4. **Tuning** moves the generator itself: as much reward as can be had for how far one goes away from where one was (the KL divergence, in nats). For six numbers from a "
            "bell curve and a straight reward the answer is known exactly: the same bell curve, moved along the weights.\n\n"
            "Language models do the same with a network as reward, a text as the sample and gradient steps in place of step 4 (InstructGPT, arXiv:2203.02155; the reward can be left out of "
            "the way as well: DPO, arXiv:2305.18290). This is preference learning in miniature, not all of that.\n\n"
            "**Ask yourself:** why does the reward go on growing where the faces have long stopped getting more likeable? What would have to be asked to stop it?"
        )
    return TabPage(ID, linked)


def _choosing() -> dict[str, Any]:
    """The pairs, the choices and what they lead to; returns what a link may set."""
    try:
        pair, lesson = feedback.restored(*previews.read_rows(feedback.CARD, "feedback"))
        first, result = _pair(pair, 0, feedback.SEED), _result(lesson, "recorded")
    except PlaygroundError as error:
        first, result = "", f'<p class="note">{html.escape(str(error))}</p>'
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            shown = gr.HTML(first, padding=False, elem_id=f"{ID}-pair")
            with gr.Row(elem_classes="go"):
                left = gr.Button("The left one", elem_id=f"{ID}-left", min_width=110)
                right = gr.Button("The right one", elem_id=f"{ID}-right", min_width=110)
            again = gr.Button("Begin again", elem_id=f"{ID}-again")
            who = gr.Dropdown(
                [person.name for person in feedback.PEOPLE],
                value=feedback.PEOPLE[0].name,
                label="Or let somebody made up choose, who",
                info="A taste that we know, so that it can be measured how much of it was learnt.",
            )
            seed, _ = widgets.seed_row(feedback.SEED, "faces and pairs")
            go, stop = widgets.run_buttons(ID, "Let them choose")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(result, padding=False, elem_id=f"{ID}-out")
    picks = gr.State((feedback.SEED, []))  # the seed whose pairs are shown, and the visitor's choices so far: 0 left, 1 right

    @widgets.guarded
    def begin(seed: int | None) -> Any:
        if seed is None:  # somebody is about to type another one
            return gr.skip(), gr.skip()
        return _pair(feedback.pictures(seed, feedback.pairs(seed)[0]), 0, seed), (seed, [])

    def chooser(side: int) -> Any:
        @widgets.guarded
        def choose(picks: tuple[int, list[int]]) -> tuple[str, tuple[int, list[int]], Any]:
            seed, before = picks
            if len(before) >= feedback.PAIRS:
                raise PlaygroundError(f"All {feedback.PAIRS} choices are made: begin again, or with another seed.")
            made = [*before, side]
            if len(made) == feedback.PAIRS:
                return _done(), (seed, made), _result(feedback.lesson(seed, made), "live")
            offered = feedback.pairs(seed)
            so_far = gr.skip() if len(made) < 2 else _weights(feedback.fit(offered, made), " so far")
            return _pair(feedback.pictures(seed, offered[len(made)]), len(made), seed), (seed, made), so_far

        return choose

    @widgets.guarded
    def simulate(who: str, seed: int) -> str:
        person = feedback.named(who)
        return _result(feedback.lesson(seed, feedback.choices(person, seed), person), "live")

    for side, button in enumerate((left, right)):
        button.click(chooser(side), picks, [shown, picks, out], trigger_mode="once", **EVENT)
    gr.on([again.click, seed.change], begin, seed, [shown, picks], trigger_mode="always_last", **EVENT)
    running = go.click(simulate, [who, seed], out, **EVENT)
    stop.click(None, cancels=[running], api_visibility="private")
    return {"who": who, "seed": seed}


def _pair(images: Images, made: int, seed: int) -> str:
    """Two faces to choose between, and how many choices there were."""
    about = {"model": feedback.CARD, "seed": seed, "link": settings.query(ID, ("choices",), seed=seed)}
    cells = "".join(
        f"<figure>{pictures.picture(pictures.tiles(Images(images.pixels[k : k + 1]), 1), f'the {side} face', about, 3.0)}<figcaption>{side}</figcaption></figure>"
        for k, side in enumerate(SIDES)
    )
    return (
        f'<h3>Which one do you like better?</h3><div class="choicerow">{cells}</div>'
        f'<div class="runline">choice {made + 1} of {feedback.PAIRS} <progress max="{feedback.PAIRS}" value="{made}" aria-label="Choices made"></progress></div>'
    )


def _done() -> str:
    return (
        f'<h3>Thank you.</h3><p class="note">All {feedback.PAIRS} choices are made; what they led to is shown beside this. '
        "Begin again to choose otherwise, or roll the dice for another face.</p>"
    )


def _weights(reward: Reward, so_far: str = "") -> str:
    """The weights as bars to both sides, each with what the choices leave open."""
    widest = max(2.0, *(abs(weight) + deviation for weight, deviation in zip(reward.weights, reward.deviations, strict=True)))
    rows = []
    for (name, *_), weight, deviation in zip(feedback.AXES, reward.weights, reward.deviations, strict=True):
        low, high = WORDS[name]
        ends = sorted((0.0, float(weight)))
        where = [100 * (end / widest + 1) / 2 for end in (*ends, weight - deviation, weight + deviation)]
        rows.append(
            f'<div><span>{low}</span><span class="scale"><i style="left:{where[0]:.1f}%;width:{where[1] - where[0]:.1f}%"></i>'
            f'<u style="left:{where[2]:.1f}%;width:{where[3] - where[2]:.1f}%"></u></span><span>{high}</span><span>{weight:+.1f} ± {deviation:.1f}</span></div>'
        )
    return (
        f'<h3>What the choices say{so_far}</h3><div class="tastes">{"".join(rows)}</div>'
        f'<p class="note">The reward of a face: these weights times its features. After ± stands what {reward.choices} choices leave open.</p>'
    )


def _result(found: Lesson, how: str) -> str:
    """The reward, how well it guesses, best of 16 before and after, and the generator that follows it ever further."""
    reward = found.reward
    fold = f"A reward fitted to the other {reward.choices - 1} guesses {reward.guessed} of the {reward.choices} choices (half by chance)."
    if found.agreement is not None:
        fold += f" Of 200 fresh pairs it prefers what the person likes better in {100 * found.agreement:.0f} %."
    kept = [
        Row("drawn, without feedback", found.first),
        Row(f"best of {feedback.BEST_OF}, by the reward", found.best),
    ]
    steps = [Row(_strength(each.strength), each.images) for each in found.steps]
    notes = {
        _strength(each.strength): f"reward {each.reward:.1f} · {each.divergence:.1f} nats away"
        + ("" if each.liking is None else f" · liked {each.liking:.2f}")
        for each in found.steps
    }
    about = _about(found, [*kept, *steps])
    take = "" if how == "recorded" else _take(found, [*kept, *steps], about)  # what is recorded would be on the page twice
    link = f" · {widgets.permalink(about['link'])}" if found.who else ""
    chose = f"somebody who {found.who}" if found.who else "you"
    grown, liked = [each.reward for each in found.steps], [each.liking for each in found.steps]
    over = f"From strength {found.steps[-3].strength:g} to {found.steps[-1].strength:g} the reward grows {grown[-1] / max(grown[-3], 1e-9):.1f} times"
    over += "" if liked[-1] is None else f"; what the person really likes goes from {liked[-3]:.2f} to {liked[-1]:.2f}"
    return (
        f'<div class="runline"><span class="badge {how}">{how}</span> <b>{feedback.CARD}</b> · {reward.choices} choices by {html.escape(chose)} · seed {found.seed}{link}</div>'
        f"{_weights(reward)}<p>{fold}</p>"
        f"<h3>Pick the best</h3>{strips.strips(kept, scale=1.0, settings=about)}"
        f"<h3>Follow it further, and too far</h3>{_liked(found)}{strips.strips(steps, notes, scale=1.0, settings=about)}"
        f'<p class="note">{over}: a straight reward has no end, and the decoder was never trained out there. That is over-optimisation (Goodhart): the measure goes on growing, what it '
        f"stood for no longer grows with it. Holding the divergence down is what keeps a tuned model sane.</p>{take}"
    )


def _about(found: Lesson, rows: list[Row]) -> dict[str, Any]:
    """What the pictures of a lesson hold; a visitor's own choices are in no link."""
    link = settings.query(ID, () if found.who else ("choices",), seed=found.seed, **({"who": found.who} if found.who else {}))
    who = found.who or "a visitor"
    return {"model": feedback.CARD, "seed": found.seed, "who": who, "rows": [row.name for row in rows], "link": link}


def _take(found: Lesson, rows: list[Row], about: Mapping[str, Any]) -> str:
    """All rows as one PNG to take away, with what made them."""
    return widgets.taken(strips.sheet(rows), about, f"feedback-seed{found.seed}")


def _liked(found: Lesson) -> str:
    """What the numbers beside the rows are."""
    words = "Strength: how many nats of divergence one point of reward is worth; the larger, the further the generator goes."
    if found.agreement is not None:
        words += " Liked: the person's true taste, applied to what a reader network sees in the faces; the reward was never shown it."
    return f'<p class="note">{words}</p>'


def _strength(strength: float) -> str:
    return "as it was" if strength == 0 else f"strength {strength:g}"
