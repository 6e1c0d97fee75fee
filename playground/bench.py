"""python -m playground.bench [NAME]: speed as ratios, ours and the plain way measured side by side in the same run."""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from playground import bench_large, registry, run, weights
from playground.bench_large import Row
from playground.errors import PlaygroundError

ROOT = Path(__file__).resolve().parent.parent
N = 16  # samples of the sampling bench
PLAIN_STEPS, ALL_STEPS = 50, 1000
REPEATS = 3
WRITTEN = 300  # characters of the writing bench
START_SECONDS = 120.0  # a page that has not answered by then is given up
BARE_PAGE = "import gradio as gr, os\nwith gr.Blocks() as page:\n    gr.Textbox()\npage.launch(server_name='127.0.0.1', server_port=int(os.environ['GRADIO_SERVER_PORT']), quiet=True)"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status: 0 done, 2 wrong request (one sentence on stderr)."""
    parser = argparse.ArgumentParser(prog="python -m playground.bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=tuple(BENCHES), help="default: all")
    args = parser.parse_args(argv)
    try:
        for name in [args.name] if args.name else BENCHES:
            print(f"{name}: {BENCHES[name].__doc__.splitlines()[0]}")
            for row in BENCHES[name]():
                ratio = "" if row.ratio is None else f"{row.ratio:8.2f} x"
                print(f"  {row.name:44}{row.seconds:9.3f} s{ratio:12}  {row.note}".rstrip())
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def sampling() -> list[Row]:
    """16 digits: our stream at its default against the plain diffusers loop of 1000 DDPM steps over the same network."""
    import torch
    from diffusers import DDPMScheduler

    card = registry.get("diffusion-mnist")
    run.sample(card.id, N, 0)  # loads and warms up
    ours = statistics.median(run.sample(card.id, N, 0).seconds for _ in range(REPEATS))
    unet = registry.load(card.id).unet
    scheduler = DDPMScheduler(num_train_timesteps=ALL_STEPS)
    x = torch.randn(
        N, unet.config.in_channels, unet.config.sample_size, unet.config.sample_size, generator=torch.Generator().manual_seed(0)
    ).to(unet.device)
    label = torch.arange(N, device=unet.device) % 10
    start = time.perf_counter()
    with torch.no_grad():
        for t in scheduler.timesteps[:PLAIN_STEPS]:
            x = scheduler.step(unet(x, t, label).sample, t, x).prev_sample
    plain = (time.perf_counter() - start) * ALL_STEPS / PLAIN_STEPS
    return [
        Row(f"plain loop, {ALL_STEPS} steps", plain, 1.0, f"extrapolated from {PLAIN_STEPS} measured steps"),
        Row(f"{card.id}, default setting", ours, ours / plain, f"median of {REPEATS}"),
    ]


def startup() -> list[Row]:
    """Seconds to the first HTTP 200: `python app.py` against a bare Gradio page of one component, alternating."""
    bare, ours = [], []
    for _ in range(REPEATS):
        bare.append(first_answer([sys.executable, "-c", BARE_PAGE]))
        ours.append(first_answer([sys.executable, str(ROOT / "app.py")]))
    base, mine = statistics.median(bare), statistics.median(ours)
    note = f"median of {REPEATS}"
    return [Row("bare Gradio page", base, 1.0, note), Row("python app.py", mine, mine / base, note)]


def draw() -> list[Row]:
    """64 samples of each image card that draws, at its default setting, after loading."""
    rows = []
    for card in registry.shipped():
        if "sample" in card.can and card.kind == "image":
            run.sample(card.id, 64, 0)
            runs = [list(run.stream(card.id, 64, 0)) for _ in range(REPEATS)]
            first = statistics.median(steps[0].seconds for steps in runs)
            rows.append(
                Row(
                    card.id,
                    statistics.median(steps[-1].seconds for steps in runs),
                    note=f"first frame {first:.3f} s, nfe {runs[0][-1].nfe}, median of {REPEATS}",
                )
            )
    return rows


def writing() -> list[Row]:
    """300 characters by the small GPT: transformers' own pipeline with sampling, our stream with every choice seen, and four texts in one batch."""
    from transformers import pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    card, asked = registry.get("gpt-shakespeare"), {"max_new_tokens": WRITTEN, "temperature": 1.0, "prompt": "The king "}
    pipe = pipeline("text-generation", model=weights.folder(card.id).as_posix())

    def theirs() -> float:
        start = time.perf_counter()  # the text must stay within the 256 positions that transformers' generate has
        pipe("The king ", max_new_tokens=240, min_new_tokens=240, do_sample=True)
        return (time.perf_counter() - start) * WRITTEN / 240

    def ours(n: int) -> float:
        return run.sample(card.id, n, 0, views=("choices",), **asked).seconds

    theirs(), ours(1)
    rounds = [(theirs(), ours(1), ours(4)) for _ in range(REPEATS)]  # side by side: a noisy machine is noisy for all
    plain, one, four = (statistics.median(each[k] for each in rounds) for k in range(3))
    return [
        Row("pipeline, sampling", plain, 1.0, f"240 characters measured, scaled to {WRITTEN}; median of {REPEATS}"),
        Row(f"{card.id}, choices seen", one, one / plain, f"median of {REPEATS}"),
        Row(f"{card.id}, four texts in one batch", four, four / plain, f"{four / one:.2f} times one text"),
    ]


BENCHES = {"sampling": sampling, "startup": startup, "draw": draw, "writing": writing, "sd": bench_large.sd}


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def first_answer(command: Sequence[str]) -> float:
    """Seconds from starting a Gradio server to its first HTTP 200, on a free port; the server is stopped again.

    Raises PlaygroundError if it ends or says nothing within START_SECONDS.
    """
    port = free_port()
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    start = time.perf_counter()
    server = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - start < START_SECONDS:
            if server.poll() is not None:
                raise PlaygroundError(f"{command[-1][:60]!r} ended with status {server.returncode} before it answered.")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - start
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.02)
        raise PlaygroundError(f"{command[-1][:60]!r} did not answer within {START_SECONDS:g} s.")
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
