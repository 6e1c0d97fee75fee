"""Models on other machines, through huggingface_hub's InferenceClient: a text as it is written, pictures one by one.

Nothing is loaded and no gate is held: a slow server keeps nobody here waiting. Each sample has its own seed, drawn from its generator; whether a
server honours it is up to the server, and where all answers are one text, that is said.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from playground import remote
from playground.data.photographs import on_white
from playground.data.picture_files import FORMATS
from playground.errors import PlaygroundError, RemoteError
from playground.models.nets.language import conversation
from playground.types import Images, ModelCard, Step, Texts

SECONDS = 120.0  # without an answer
MAX_POINTS = 25_000_000  # of a picture that comes back
MAX_SEED = 2**31 - 1
DRAWING = {"generation_config": json.dumps({"do_sample": True})}
"""What `transformers serve` draws by: it takes temperature, top_p and seed, and writes the likeliest text all the same unless this says otherwise, or the
model's own generation_config.json does. What is not said here stays as that file has it."""
REFUSED = (400, 422)  # how a server answers that takes no field that it does not know


class RemoteText:
    """A language model behind a server that speaks OpenAI's protocol, or behind a provider. What is said to it is a turn of a chat."""

    size_bytes = 0

    def __init__(self, engine: remote.Engine):
        self.engine = engine
        self.more: dict[str, str] = (
            DRAWING if engine.url else {}
        )  # what is sent besides the fields of the protocol, while the server takes it

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        prompt: str = "",
        said: Sequence[str] = (),
        max_new_tokens: int = 200,
        temperature: float = 1.0,
        top_p: float = 1.0,
        views: Sequence[str] = (),
    ) -> Iterator[Step]:
        """One Step for each piece that comes, the texts one after the other; a piece counts as a token. The last says so where all texts are one."""
        rows: list[list[str]] = [[] for _ in range(n)]
        i = 0

        def there() -> Texts:
            return Texts(tuple(tuple(range(len(row))) for row in rows), tuple(map(tuple, rows)), "")

        with _client(self.engine) as client:
            for row, generator in zip(rows, generators, strict=True):
                with _told(self.engine):
                    asked = {"max_tokens": max_new_tokens, "temperature": temperature, "top_p": top_p, "seed": _seed(generator)}
                    for piece in self._answer(client, conversation(said, prompt), asked):
                        text = piece.choices[0].delta.content if piece.choices else None
                        if text:
                            row.append(text)
                            i += 1
                            yield Step(there(), i, max(n * max_new_tokens, i) + 1, i)
        yield Step(there(), i + 1, i + 1, i, note=self._note(["".join(row) for row in rows], temperature))

    def _answer(self, client: Any, turns: Sequence[dict[str, str]], asked: dict[str, Any]) -> Any:
        """The pieces of one answer. A server that refuses what is sent besides the protocol's fields is asked again without, from now on."""
        from huggingface_hub.errors import HfHubHTTPError

        more = self.more if asked["temperature"] > 0 else {}
        try:
            return client.chat_completion(turns, model=self.engine.model, stream=True, extra_body=more or None, **asked)
        except HfHubHTTPError as error:
            if not more or error.response.status_code not in REFUSED:
                raise
        found = client.chat_completion(turns, model=self.engine.model, stream=True, **asked)
        self.more = {}
        return found

    def _note(self, texts: Sequence[str], temperature: float) -> str:
        if temperature == 0 or not any(texts):
            return ""
        return _one_answer(self.engine, texts, f"text, though each was asked for with its own seed at temperature {temperature:g}")


class RemoteImage:
    """A text-to-image model behind an endpoint or a provider."""

    size_bytes = 0

    def __init__(self, engine: remote.Engine, shape: tuple[int, int, int]):
        self.engine, self.shape = engine, shape

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        prompt: Sequence[str],
        negative_prompt: Sequence[str],
        num_inference_steps: int = 20,
        guidance_scale: float = 5.0,
        views: Sequence[str] = (),
    ) -> Iterator[Step]:
        """One Step for each picture that comes; those still to come are grey. The last says so where all pictures are one."""
        height, width, _ = self.shape
        pixels = np.full((n, *self.shape), 128, np.uint8)
        with _client(self.engine) as client:
            for k, generator in enumerate(generators):
                with _told(self.engine):
                    picture = client.text_to_image(
                        prompt[k],
                        negative_prompt=negative_prompt[k] or None,
                        model=None if self.engine.url else self.engine.model,
                        num_inference_steps=num_inference_steps,
                        guidance_scale=guidance_scale,
                        width=width,
                        height=height,
                        seed=_seed(generator),
                    )
                    pixels[k] = _fitted(picture, self.shape)
                came = (
                    [each.tobytes() for each in pixels] if k + 1 == n and len(set(zip(prompt, negative_prompt, strict=True))) == 1 else []
                )
                note = _one_answer(self.engine, came, "picture, though each was asked for with its own seed")
                yield Step(Images(pixels.copy()), k + 1, n, num_inference_steps, note=note)


def _one_answer(engine: remote.Engine, answers: Sequence[str | bytes], what: str) -> str:
    """One sentence where several answers are the same, which they are not where a server draws; else nothing."""
    if len(answers) < 2 or len(set(answers)) > 1:
        return ""
    return f"All {len(answers)} answers of {engine.host} are the same {what}: that server may draw nothing, or take no seed."


@contextlib.contextmanager
def _client(engine: remote.Engine) -> Iterator[Any]:
    """A client of the engine; its connections are closed when the run ends, also one that was stopped."""
    from huggingface_hub import InferenceClient

    where = {"base_url": engine.url} if engine.url else {"provider": engine.provider}
    client = InferenceClient(**where, api_key=engine.token or None, timeout=SECONDS)
    with client:
        yield client


@contextlib.contextmanager
def _told(engine: remote.Engine) -> Iterator[None]:
    """Turns what goes wrong on the way into one sentence that names the host and nothing secret."""
    from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, OfflineModeIsEnabled

    try:
        yield
    except PlaygroundError:
        raise
    except OfflineModeIsEnabled as error:
        raise RemoteError(f"{engine.host} may not be asked: this page was started offline (--offline or HF_HUB_OFFLINE).") from error
    except InferenceTimeoutError as error:
        raise RemoteError(f"{engine.host} did not answer within {SECONDS:.0f} s: try again, or choose a model on this machine.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        what = {
            401: "does not accept the operator's token",
            403: "does not let the operator use this model",
            404: f"does not know {engine.model}",
            413: "finds the text too long",
            422: "does not take these settings",
            429: "asks to wait, too many requests",
        }.get(status, "could not do it" if status < 500 else "is out of order")
        raise RemoteError(f"{engine.host} {what} ({status}): try again later, or choose a model on this machine.") from error
    except Exception as error:
        raise RemoteError(
            f"{engine.host} broke off or cannot be reached ({type(error).__name__}): what has come so far stays; try again, or choose a model on this machine."
        ) from error


def _seed(generator: torch.Generator) -> int:
    return int(torch.randint(MAX_SEED, (1,), generator=generator))


def _fitted(picture: Image.Image, shape: tuple[int, int, int]) -> np.ndarray:
    """A picture as uint8 of a shape. Raises RemoteError for one that is too large or of another format, before it is decoded."""
    if picture.format not in FORMATS:
        raise RemoteError(f"The picture that came must be {', '.join(FORMATS)}; got {picture.format}.")
    if picture.width * picture.height > MAX_POINTS:
        raise RemoteError(f"The picture that came has {picture.width} x {picture.height} points; at most {MAX_POINTS:,} are taken.")
    return np.asarray(on_white(picture).resize((shape[1], shape[0]), Image.Resampling.LANCZOS))


def load_text(card: ModelCard) -> RemoteText:
    """The loader that the card of texts names."""
    return RemoteText(_engine("text"))


def load_image(card: ModelCard) -> RemoteImage:
    """The loader that the card of pictures names."""
    return RemoteImage(_engine("image"), card.hub.shape)


def _engine(kind: str) -> remote.Engine:
    found = remote.engine(kind)
    if found is None:
        raise RemoteError(f"No engine for {kind} is named any more: the operator sets PLAYGROUND_{kind.upper()}_MODEL.")
    return found
