"""The training loop: time, data order, averaging, checkpoints, resume, progress. Knows no method."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from playground import data, processes, stories, weights
from playground.device import bf16_pays, machine
from playground.sampling.noise import seed_of
from playground.training import batches
from playground.training.recipe import Recipe, Trainee
from playground.types import Images, Texts

LOG_POINTS = 400  # losses are logged as means over num_steps / LOG_POINTS steps
SAVE_SECONDS = 60.0


def train(
    recipe: Recipe,
    out: Path,
    work: Path,
    *,
    resume: bool = False,
    start_from: str | None = None,
    minutes: float | None = None,
    command: str = "",
    save_seconds: float = SAVE_SECONDS,
    quiet: bool = False,
) -> bool:
    """Trains until the recipe's last step, or for `minutes`; returns whether the last step was reached.

    Checkpoints go to `work` (every save_seconds, atomically); finished weights, card.json and story to `out`.
    resume goes on from the checkpoint in `work`; start_from begins with the weights of a shipped card. Raises PlaygroundError where several
    processes were started that do not know each other.
    """
    from tqdm import tqdm

    weights.hush()
    accelerator = Accelerator(mixed_precision="bf16" if bf16_pays() else "no", cpu=os.environ.get("PLAYGROUND_DEVICE") == "cpu")
    processes.check(accelerator.num_processes, accelerator.process_index)
    main = accelerator.is_main_process
    if main and not quiet:
        print(f"Training {recipe.card}: {processes.in_words(accelerator.num_processes, accelerator.device.type)}", file=sys.stderr)
    trainee = recipe.make()
    average = {name: copy.deepcopy(trainee.modules[name]).eval().requires_grad_(False).to(accelerator.device) for name in trainee.averaged}
    progress = Progress()
    earlier = Earlier(tuple(weights.record(recipe.teacher).get("lineage", ()))) if recipe.teacher else Earlier()
    if start_from:
        earlier = earlier_of(start_from, recipe.card)
        _start_from(start_from, trainee, average)
    shown = (step for step in recipe.story if not earlier.steps or 5 * step >= earlier.steps or step == recipe.num_steps)
    moments = {earlier.steps + step for step in shown}
    rates = {name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in trainee.optimizers.items()}
    checkpoint = work / "checkpoint.safetensors"
    if resume and checkpoint.is_file():
        progress = _restore(checkpoint, trainee, average)
    bare = dict(trainee.modules)
    for name, module in trainee.modules.items():
        trainee.modules[name] = accelerator.prepare(module)
    for name, optimizer in trainee.optimizers.items():
        trainee.optimizers[name] = accelerator.prepare(optimizer)

    def update(name: str, loss: torch.Tensor, *more: str) -> None:
        optimizers = [trainee.optimizers[each] for each in (name, *more)]
        for each, optimizer in zip((name, *more), optimizers, strict=True):
            factor = recipe.learning_rate_factor(progress.step, each)
            for group, rate in zip(optimizer.param_groups, rates[each], strict=True):
                group["lr"] = rate * factor
            optimizer.zero_grad(set_to_none=True)
        accelerator.backward(loss)
        if recipe.clip_norm:
            groups = [group for optimizer in optimizers for group in optimizer.param_groups]
            accelerator.clip_grad_norm_([p for group in groups for p in group["params"]], recipe.clip_norm)
        for optimizer in optimizers:
            optimizer.step()

    train_set = (recipe.batches or batches.of)(data.load(recipe.dataset, "train"))
    bar = tqdm(total=recipe.num_steps, initial=progress.step, disable=quiet or not main, unit="step", desc=recipe.card, mininterval=2.0)
    begin, saved, spent = time.monotonic(), time.monotonic(), progress.seconds
    recent: list[dict[str, Any]] = []
    every = max(1, recipe.num_steps // LOG_POINTS)
    while True:
        place = earlier.steps + progress.step  # data order and noise go on where an earlier run of the same card ended
        if place in moments and str(place) not in progress.story and main:
            told = trainee.preview({**bare, **average})
            if told is not None:
                progress.story[str(place)] = moment(told)
        if progress.step >= recipe.num_steps or (minutes is not None and time.monotonic() - begin >= 60.0 * minutes):
            break
        generator = torch.Generator("cpu").manual_seed(seed_of(recipe.seed, "step", place, accelerator.process_index))
        rows = train_set.rows(recipe.batch_size, recipe.seed, place)[accelerator.process_index :: accelerator.num_processes]
        batch = train_set.take(rows, accelerator.device)
        recent.append(trainee.step(batch, progress.step, generator, update))
        progress.step += 1
        for name, module in average.items():
            _average(module, bare[name], min(recipe.ema_decay, (1.0 + progress.step) / (10.0 + progress.step)))
        progress.seconds = spent + time.monotonic() - begin
        if progress.step % every == 0 or progress.step == recipe.num_steps:
            progress.log.append({"step": earlier.steps + progress.step, **_mean(recent)})
            bar.set_postfix({name: f"{value:.3f}" for name, value in progress.log[-1].items() if name != "step"}, refresh=False)
            recent = []
        bar.update(1)
        if main and time.monotonic() - saved > save_seconds and not recent:
            _save(checkpoint, bare, trainee, average, progress)
            saved = time.monotonic()
    bar.close()
    if not main:
        return progress.step >= recipe.num_steps
    if not recent:
        _save(checkpoint, bare, trainee, average, progress)
    if progress.step < recipe.num_steps:
        return False
    facts = trainee.finish({**bare, **average})
    about = {
        "id": recipe.card,
        "dataset": recipe.dataset,
        "config": asdict(recipe.config) if is_dataclass(recipe.config) else dict(recipe.config),
        "steps": earlier.steps + progress.step,
        "batch_size": recipe.batch_size,
        "samples_seen": earlier.samples_seen + progress.step * recipe.batch_size,
        "seed": recipe.seed,
        "ema_decay": recipe.ema_decay,
        "seconds": round(earlier.seconds + progress.seconds, 1),
        "device": str(accelerator.device),
        "machine": machine(),
        "mixed_precision": accelerator.mixed_precision,
        "processes": accelerator.num_processes,
        "commit": commit(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "lineage": [*earlier.lineage, command],
        "losses": next(reversed([*earlier.log, *progress.log]), {}),
        "facts": facts,
        "parameters": {name: sum(p.numel() for p in module.parameters()) for name, module in bare.items()},
    }
    final = {**bare, **average}
    weights.save(trainee.whole(final) or {name: final[name] for name in trainee.shipped or final}, about, out)
    write_story(out, {**earlier.story, **progress.story}, [*earlier.log, *progress.log])
    return True


@dataclass(frozen=True)
class Earlier:
    """What a run that starts from shipped weights takes over: the commands, and of the same card also its counts, losses and story."""

    lineage: tuple[str, ...] = ()
    steps: int = 0
    samples_seen: int = 0
    seconds: float = 0.0
    log: tuple[Mapping[str, float], ...] = ()
    story: Mapping[str, np.ndarray] = field(default_factory=dict)


def earlier_of(start_from: str, card: str) -> Earlier:
    """What a run of `card` takes over that starts from the weights of start_from."""
    record = weights.record(start_from)
    lineage = tuple(record.get("lineage", ()))
    if start_from != card:
        return Earlier(lineage)
    told = stories.read(card)
    moments = list(told.pictures) or [_as_bytes(texts) for texts in told.texts]
    story = {str(step): moment for step, moment in zip(told.steps, moments, strict=True)}
    return Earlier(lineage, record["steps"], record["samples_seen"], record["seconds"], told.log, story)


class Progress:
    """What a checkpoint holds besides tensors of modules and optimizers."""

    def __init__(
        self, step: int = 0, seconds: float = 0.0, log: list[dict[str, float]] | None = None, story: dict[str, np.ndarray] | None = None
    ):
        self.step, self.seconds, self.log, self.story = step, seconds, log or [], story or {}


@torch.no_grad()
def _average(average: nn.Module, module: nn.Module, decay: float) -> None:
    pairs = zip(average.state_dict().values(), module.state_dict().values(), strict=True)
    floats = [(a, b) for a, b in pairs if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1.0 - decay)


def _mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {
        name: round(float(np.mean([float(row[name]) for row in rows if name in row])), 6) for name in {k: None for row in rows for k in row}
    }


def _save(path: Path, bare: Mapping[str, nn.Module], trainee: Trainee, average: Mapping[str, nn.Module], progress: Progress) -> None:
    """One file of tensors with the rest as JSON metadata, replaced atomically: a kill leaves the last one whole."""
    tensors: dict[str, torch.Tensor] = {f"story.{step}": torch.from_numpy(image) for step, image in progress.story.items()}
    for kind, modules in (("module", bare), ("average", average)):
        for name, module in modules.items():
            tensors.update({f"{kind}.{name}.{key}": value for key, value in module.state_dict().items()})
    tensors["random.cpu"] = torch.get_rng_state()  # dropout draws from the global generators
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    for name, optimizer in trainee.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors.update({f"optimizer.{name}.{index}.{key}": torch.as_tensor(value) for key, value in state.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    about = {"step": progress.step, "seconds": progress.seconds, "log": progress.log}
    save_file(
        {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}, part, metadata={"progress": json.dumps(about)}
    )
    os.replace(part, path)


def _restore(path: Path, trainee: Trainee, average: Mapping[str, nn.Module]) -> Progress:
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        about = json.loads(file.metadata()["progress"])

    def below(prefix: str) -> dict[str, torch.Tensor]:
        return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}

    for kind, modules in (("module", trainee.modules), ("average", average)):
        for name, module in modules.items():
            module.load_state_dict(below(f"{kind}.{name}."))
    for name, optimizer in trainee.optimizers.items():
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in below(f"optimizer.{name}.").items():
            index, field = key.split(".", 1)
            state.setdefault(int(index), {})[field] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    if "random.cpu" in tensors:
        torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return Progress(about["step"], about["seconds"], about["log"], {step: value.numpy() for step, value in below("story.").items()})


def _start_from(card_id: str, trainee: Trainee, average: Mapping[str, nn.Module]) -> None:
    for name, state in trainee.earlier(card_id).items():
        trainee.modules[name].load_state_dict(state)
        if name in average:
            average[name].load_state_dict(state)


def write_story(out: Path, story: Mapping[str, np.ndarray], log: list[Mapping[str, float]]) -> None:
    """story.png: one row a moment, one column a sample, from the same noise; story.json: the moments (texts in full) and the whole log of losses."""
    steps = sorted(int(step) for step in story)
    about: dict[str, Any] = {"log": log}
    if steps:
        about["steps"] = steps
    if steps and story[str(steps[0])].ndim == 2:
        about["texts"] = [[_as_text(row) for row in story[str(step)]] for step in steps]
    elif steps:
        from PIL import Image

        rows = np.stack([story[str(step)] for step in steps])  # (moments, n, h, w, c)
        moments, n, height, width, channels = rows.shape
        sprite = rows.transpose(0, 2, 1, 3, 4).reshape(moments * height, n * width, channels)
        Image.fromarray(sprite[..., 0] if channels == 1 else sprite).save(out / "story.png", optimize=True)
        about |= {"columns": n, "shape": [height, width, channels]}
    weights.write_json(out / "story.json", about)


def moment(told: Images | Texts) -> np.ndarray:
    """What a trainee's preview gives, as a story holds it."""
    return told.uint8() if isinstance(told, Images) else _as_bytes(told.texts)


def _as_bytes(texts: Sequence[str]) -> np.ndarray:
    """Texts as UTF-8, uint8 (n, bytes), the shorter ones filled up with zeros: what a checkpoint can hold."""
    rows = [text.encode() for text in texts]
    length = max(1, *map(len, rows))
    return np.stack([np.frombuffer(row.ljust(length, b"\0"), np.uint8) for row in rows])


def _as_text(row: np.ndarray) -> str:
    return row.tobytes().rstrip(b"\0").decode()


def commit() -> str:
    """The commit that is checked out, "+" appended where files differ from it; empty outside a repository."""
    here = Path(__file__).resolve().parent
    try:
        head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True, timeout=10)
        dirty = subprocess.run(["git", "status", "--porcelain", "--", "."], cwd=here, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "") if head.returncode == 0 else ""
