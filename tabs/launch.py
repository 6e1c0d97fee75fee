"""Building and serving the page: tabs, theme, limits, links, shutdown. Shared by app.py and the tests."""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
import urllib.parse
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image
from starlette.middleware import Middleware

from playground import hub, registry, settings
from playground.controls import Slider, shown
from playground.errors import ControlError, PlaygroundError
from playground.run import MAX_SEED, VISITOR_N
from tabs import api, attached_events, history, refusals, request_check, share, stills, widgets
from tabs.widgets import TabPage

TABS = ("start", "compare", "autoencoder", "vae", "gan", "diffusion", "transformer", "rnn", "autoregressive", "race", "feedback")
ASSETS = Path(__file__).resolve().parent.parent / "assets"
MAX_PIXELS = 25_000_000  # an uploaded picture larger than this is refused from its header
WARM_SECONDS = 2.0  # torch is imported this long after the page is up, in a thread
IDLE_POLL_SECONDS = 0.01  # Gradio's own 1 ms burns 5 % of a core for ever

THEME = gr.themes.Base(
    primary_hue="indigo",
    neutral_hue="slate",
    font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
    font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "monospace"],
    radius_size="md",
).set(
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_600",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_600",
    body_text_color_subdued="*neutral_500",  # Gradio's neutral_400 has 2.6:1 on white
    block_info_text_color="*neutral_500",
    button_primary_text_color="white",
    button_primary_text_color_dark="white",
    button_cancel_background_fill="*neutral_700",
    button_cancel_background_fill_dark="*neutral_700",
    button_cancel_text_color="white",
    button_cancel_text_color_dark="white",
)


def launch_options() -> dict[str, Any]:
    """The keyword arguments of launch() and mount_gradio_app()."""
    return {
        "theme": THEME,
        "css": (ASSETS / "style.css").read_text(encoding="utf-8"),
        "head": "".join(
            f"<script>{(ASSETS / name).read_text(encoding='utf-8')}</script>"
            for name in (
                "settings.js",
                "visits.js",
                "pen.js",
                "page.js",
                "race_take.js",
                "race_pictures.js",
                "race.js",
                "race_points.js",
                "compare.js",
                "shelf.js",
                "history.js",
                "music.js",
            )
        ),
        "show_error": False,
        "footer_links": ["api"],
        "run_history": False,
        "enable_monitoring": False,
        "max_file_size": "15mb",
        "state_session_capacity": 200,
        "ssr_mode": False,
        "pwa": False,
        "allowed_paths": [],
        "strict_cors": True,
        "max_threads": 16,
        "app_kwargs": {
            "routes": [*stills.routes(), *attached_events.routes()],
            "middleware": [Middleware(stills.Packed), Middleware(request_check.Checked)],
        },
    }


def build() -> gr.Blocks:
    """The whole page. Loads no model and no torch."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    refusals.install()
    with gr.Blocks(title="Generative Playground", analytics_enabled=False, delete_cache=(600, 3600)) as demo:
        gr.HTML(
            '<header class="masthead"><h1>Generative Playground</h1>'
            "<p>GAN, VAE, diffusion, transformer and their kin: trained on the same data, drawn from the same seed, measured by the same rules.</p></header>",
            padding=False,
        )
        pages: list[TabPage] = []
        with gr.Tabs(overflow_behavior="wrap") as tabs:
            for name in TABS:
                module = importlib.import_module(f"tabs.{name}")
                with gr.Tab(module.TITLE, id=name, elem_id=f"tab-{name}"):
                    pages.append(module.build())
        visit = history.build()
        share.build()
        gr.HTML(
            '<footer class="colophon">Every sample on this page was drawn by a model that this repository trains and ships, unless you chose one from the Hub. '
            "Digits: MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0). Faces: drawn by rule, of nobody. Code, faces and weights: Apache-2.0.</footer>",
            padding=False,
        )
        _wire_links(demo, tabs, pages, visit)
        api.build()
        stills.take_out(demo)
    _leave_unmarked(demo)
    request_check.install(demo)
    demo.queue(api_open=False, max_size=64, default_concurrency_limit=8)
    return demo


def _leave_unmarked(demo: gr.Blocks) -> None:
    """Takes the outputs of events without a progress display from those that Gradio marks as pending, running and done.

    It marks every component that any event gave a value since the page opened (a link: all it may set), three times an event, and looks
    for each through the whole tree: half of the time from a slider's key to its picture.
    """
    for function in demo.fns.values():
        if function.show_progress == "hidden":
            function.show_progress_on = []


def _wire_links(demo: gr.Blocks, tabs: gr.Tabs, pages: list[TabPage], visit: gr.HTML) -> None:
    """Opens the page as its query string says: ?tab=vae&model=vae-mnist&seed=7. A value out of bounds is clamped, and said so.

    The same for the link that a picture of this page carries (visit), but what it says is not drawn before somebody presses the button.
    """
    outputs = [component for page in pages for component in page.linked.values()]

    def open_link(request: gr.Request) -> list[Any]:
        return opened(dict(request.query_params))

    @widgets.guarded
    def recalled(event: gr.EventData) -> list[Any]:
        query = history.query_of(event._data)
        if not any(page.id == query.get("tab") for page in pages):
            raise ControlError(f"This picture's settings are of {shown(query.get('tab', ''))}, which is no tab of this page.")
        return opened(query)

    def opened(query: dict[str, str]) -> list[Any]:
        chosen = next((page for page in pages if page.id == query.get("tab")), None)
        updates: list[Any] = []
        for page in pages:
            for name, component in page.linked.items():
                if page is not chosen:
                    updates.append(gr.skip())
                elif name in query:
                    updates.append(_from_link(name, query[name], component))
                else:
                    updates.append(_at_home(page, query.get("model", ""), name))
        _say_unset(chosen, query)
        _say_missing(query)
        return [gr.Tabs(selected=chosen.id) if chosen else gr.skip(), *updates]

    visit.recall(recalled, None, [tabs, *outputs], api_visibility="private", show_progress="hidden")
    # page.js presses the tab's button once the values are there, if the link names more than the tab
    demo.load(open_link, None, [tabs, *outputs], api_visibility="private", show_progress="hidden").then(
        None, None, None, js="() => window.playgroundOpened()", api_visibility="private"
    )


def _say_unset(page: TabPage | None, query: Mapping[str, str]) -> None:
    """Says of what a link asks the linked model for that the tab does not take from a link; what is no model's control is left in peace."""
    offered = [] if page is None or "model" not in page.linked else [value for _, value in page.linked["model"].choices]
    model = query.get("model", "")
    controls = registry.get(model).controls if model in offered else ()
    for name in (control.name for control in controls if control.name in query and control.name not in page.linked):
        gr.Warning(f"The link asks for {name} {query[name][:40]!r}, which this tab does not take from a link; left out.")


def _say_missing(query: Mapping[str, str]) -> None:
    """Says what the result that a link is of was made with and the link cannot hold; page.js presses no button then."""
    missing = settings.missing_of(urllib.parse.urlencode({settings.MISSING: query.get(settings.MISSING, "")}))
    if missing:
        gr.Warning(
            f"This link leaves out {shown(', '.join(missing))}, which no link can hold: without it, the button draws something else."
        )


def _at_home(page: TabPage, model: str, name: str) -> Any:
    """A linked model's default for a control that the link leaves out, where the component stands at another model's; else nothing."""
    offered = [value for _, value in page.linked["model"].choices] if "model" in page.linked else []
    defaults = {each: control.default for each in offered for control in registry.get(each).controls if control.name == name}
    value = page.linked[name].value
    return defaults[model] if model in defaults and value != defaults[model] and value in defaults.values() else gr.skip()


def _from_link(name: str, text: str, component: Any) -> Any:
    """A component's value from a link: a word among its choices or, where others may be typed, any, or a number clamped to its bounds with a toast."""
    if isinstance(component, gr.Dropdown | gr.Radio):
        allowed = [value for _, value in component.choices]
        if text in allowed or getattr(component, "allow_custom_value", False):  # what is typed is checked when it is used
            return text
        gr.Warning(f"The link asks for {name} {text[:40]!r}, which is not among {', '.join(map(str, allowed))}; left as it was.")
        return gr.skip()
    if isinstance(component, gr.Slider | gr.Number):
        bounds = Slider(
            name,
            name,
            0,
            component.minimum or 0,
            MAX_SEED if component.maximum is None else component.maximum,
            integer=component.precision == 0,
        )
        return widgets.linked_number(bounds, text, component.value)
    if isinstance(component, gr.Textbox):
        return text[: component.max_length or 100]
    return gr.skip()


def serve(demo: gr.Blocks, share: bool = False, host: str | None = None, port: int | None = None) -> None:
    """Serves until SIGINT or SIGTERM, then leaves no files behind (Gradio empties its cache only on KeyboardInterrupt).

    Raises ValueError where a page that was not built for the public (playground.hub.is_public) would be shared.
    """
    if share and not hub.is_public():
        raise ValueError("a page that is shared must be built as a public one: set PLAYGROUND_PUBLIC before launch.build()")

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    demo._queue.sleep_when_free = IDLE_POLL_SECONDS
    demo.launch(prevent_thread_lock=True, share=share, server_name=host, server_port=port, **launch_options())
    warm = threading.Timer(WARM_SECONDS, warm_up)
    warm.daemon = True
    warm.start()
    demo.block_thread()


def warm_up() -> None:
    """Imports torch and loads the models of the first tab, so that the first press finds them ready."""
    from playground import comparison, run

    for card in comparison.chosen().values():
        with contextlib.suppress(PlaygroundError):
            run.sample(card.id, 1, 0, limit=VISITOR_N, **({"num_inference_steps": 1} if card.family == "diffusion" else {}))
