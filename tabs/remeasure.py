"""The button under the comparison's table that measures it again, live and on few samples, beside what was recorded."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

import gradio as gr

from playground import again, comparison, data, tables
from playground.again import Again, N
from playground.comparison import formatted, significant
from playground.errors import WeightsUnavailable
from playground.types import ModelCard, Run
from tabs import table, widgets
from tabs.widgets import HEAVY

WAITING = "<td colspan=3 class=missing>…</td>"


def build(tab: str, of: gr.Radio) -> None:
    """The section's components and events. of: the choice of data set, by what its samples are called."""
    with gr.Column(elem_id=f"{tab}-again-section"):
        gr.HTML(
            f"<h3>Measure it again, here</h3><p class=note>{N} new samples of every family, judged by the same code on the machine that runs this page. "
            "Few samples give rough numbers: read each with its error, beside what was recorded on many.</p>",
            padding=False,
        )
        with gr.Row(elem_classes="ask", equal_height=True):
            seed, _ = widgets.seed_row(2026, "samples")
            with gr.Column(min_width=220, elem_classes="bottom"), gr.Row(elem_classes="go"):
                go = gr.Button("Measure again", elem_id=f"{tab}-again", scale=3)
                stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
        out = gr.HTML("", padding=False, elem_id=f"{tab}-again-out")

    @widgets.guarded
    def measure(noun: str, seed: int) -> Iterator[str]:
        dataset = tables.names().get(noun, noun)
        if data.get(dataset).kind != "image":
            yield f'<p class="note">Texts are judged on the whole test split: <code>python -m playground.metrics {next(iter(tables.of(dataset).columns))}</code></p>'
            return
        cards = comparison.chosen(dataset)
        stream = comparison.draw(N, seed, dataset=dataset)
        rows: dict[str, str] = {}
        yield _shown(cards, rows, seed, "running")
        for family, found in stream:
            if isinstance(found, WeightsUnavailable):
                rows[family] = f"<td colspan=3 class=fault>{html.escape(str(found))}</td>"
            elif found.done:
                rows[family] = _cells(again.compare(found))
            else:
                rows[family] = _progress(found)
            yield _shown(cards, rows, seed, "running")
        yield _shown(cards, rows, seed, "live")

    running = gr.on([go.click, seed.submit], measure, [of, seed], out, api_visibility="private", **HEAVY)
    of.change(lambda: "", None, out, api_visibility="private", show_progress="hidden")
    stop.click(None, cancels=running, api_visibility="private")
    stop.click(None, js=f"() => window.playgroundStopped('tab-{tab}')", api_visibility="private")


def _shown(cards: Mapping[str, ModelCard], rows: Mapping[str, str], seed: int, how: str) -> str:
    words = {"running": "measuring", "live": "live"}[how]
    body = "".join(
        f'<tr class="{table.css_class(family)}"><th scope=row><i aria-hidden="true">{table.sign(family)}</i> {html.escape(card.title)}</th>{rows.get(family, WAITING)}</tr>'
        for family, card in cards.items()
    )
    head = f"<tr><td></td><th scope=col>KID</th><th scope=col>Class right</th><th scope=col>Seconds for {N}</th></tr>"
    return (
        '<div class="tablewrap" tabindex="0" role="region" aria-label="Measured again"><table class="facts again">'
        f"<thead>{head}</thead><tbody>{body}</tbody></table></div>"
        f'<p class="runline"><span class="badge {how}">{words}</span> n {N} · seed {seed}. ✓ within {again.ERRORS:g} standard errors of what was recorded, ✗ further off. '
        "A clock need not agree: this is another machine, or another hour.</p>"
    )


def _progress(found: Run) -> str:
    step = found.step
    return f'<td colspan=3>step {step.i} of {step.total} <progress max="{step.total}" value="{step.i}"></progress></td>'


def _cells(numbers: Sequence[Again]) -> str:
    by_metric = {each.metric: each for each in numbers}
    return "".join(_cell(by_metric.get(metric)) for metric in ("kid", "class_right", "seconds"))


def _cell(each: Again | None) -> str:
    if each is None:
        return "<td>–</td>"
    sign = {True: "✓ ", False: "✗ ", None: ""}[each.agrees]
    if each.metric == "class_right":
        now = f"{100 * each.value:.0f} % ± {100 * each.error:.0f} %"
    elif each.metric == "seconds":
        now = f"{significant(each.value, 2)} s"
    else:
        now = f"{significant(each.value, 2)} ± {significant(each.error, 2)}"
    n = f", n {each.recorded.n:,}" if each.metric != "seconds" else ""
    return f"<td><b>{sign}{now}</b><small>recorded {html.escape(formatted(each.recorded))}{n}</small></td>"
