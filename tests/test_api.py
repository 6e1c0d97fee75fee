"""The named endpoints: what they are called, what they take, how they refuse, and that nobody gets another's result."""

from __future__ import annotations

import base64
import concurrent.futures
import io
import json

import httpx
import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from playground import data, registry, run
from playground.run import VISITOR_N
from tabs import api, pictures
from tests import serving
from tests.conftest import ROOT, SAMPLERS, WRITERS, drawing, known_to

FAST = "gan-mnist"  # one network call
OFFERED = tuple(card.id for card in registry.cards() if "sample" in card.can)  # those of the Hub, too
MODELS = tuple(card.id for card in registry.cards())
NAN = float("nan")


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(serving.url(), verbose=False)


def endpoint(card_id: str) -> str:
    return f"sample_{card_id.replace('-', '_')}"


def values(card_id: str, **changes: object) -> list:
    """The arguments of a card's endpoint in their order: n 2, seed 1 and the controls' defaults, but for the changes."""
    arguments = {"n": 2, "seed": 1} | {control.name: control.default for control in registry.get(card_id).controls}
    assert set(changes) <= set(arguments)
    return list((arguments | changes).values())


def post(name: str, arguments: list, **headers: str) -> tuple[str, object]:
    """One raw call: ("complete", result) or ("error", message)."""
    body = json.dumps({"data": arguments})  # writes NaN as NaN, as a careless client does
    sent = httpx.post(
        f"{serving.url()}gradio_api/call/{name}", content=body, headers={"Content-Type": "application/json", **headers}, timeout=60
    )
    if sent.status_code != 200:
        return "error", f"{sent.status_code} {sent.text}"
    answer = httpx.get(f"{serving.url()}gradio_api/call/{name}/{sent.json()['event_id']}", timeout=60).text
    event, data = answer.strip().splitlines()[-2:]
    found = json.loads(data.removeprefix("data: "))
    return ("complete", found[0]) if event == "event: complete" else ("error", (found or {}).get("error"))


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))))


def digit_uri() -> str:
    buffer = io.BytesIO()
    drawing("3").save(buffer, "PNG")
    return pictures.uri(buffer.getvalue())


def bomb_uri() -> str:
    """A PNG of 18 kB that would take 144 million points."""
    buffer = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(buffer, "PNG")
    return pictures.uri(buffer.getvalue())


@pytest.mark.slow
def test_the_public_endpoints_are_the_listed_ones(client: Client) -> None:
    expected = {f"/{endpoint(card_id)}" for card_id in OFFERED} | {f"/{name}" for name in api.ENDPOINTS}
    assert set(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == expected


@pytest.mark.parametrize("card_id", OFFERED)
@pytest.mark.slow
def test_parameters_are_named_as_the_controls(client: Client, card_id: str) -> None:
    parameters = client.view_api(return_format="dict", print_info=False)["named_endpoints"][f"/{endpoint(card_id)}"]["parameters"]
    assert [parameter["parameter_name"] for parameter in parameters] == [
        "n",
        "seed",
        *(control.name for control in registry.get(card_id).controls),
    ]


@pytest.mark.parametrize("card_id", SAMPLERS)
def test_an_endpoint_gives_what_the_core_draws(client: Client, card_id: str) -> None:
    quick = {"num_inference_steps": 2} if any(control.name == "num_inference_steps" for control in registry.get(card_id).controls) else {}
    found = client.predict(n=3, seed=5, **quick, api_name=f"/{endpoint(card_id)}")
    drawn = run.sample(card_id, 3, 5, **quick)
    sheet = pictures.tiles(drawn.samples)
    assert np.array_equal(pixels(found["image"]), sheet[..., 0] if sheet.shape[-1] == 1 else sheet)
    assert found["settings"]["seed"] == 5 and found["settings"]["n"] == 3
    assert found["link"].startswith("?tab=") and "seed=5" in found["link"]


@pytest.mark.parametrize("card_id", WRITERS)
def test_an_endpoint_gives_the_text_that_the_core_writes(client: Client, card_id: str) -> None:
    asked = {"n": 2, "seed": 5, "prompt": "The king\n", "max_new_tokens": 20}
    found = client.predict(**asked, api_name=f"/{endpoint(card_id)}")
    written = run.sample(card_id, **asked).samples
    assert found["texts"] == list(written.texts) and found["tokens"] == [list(ids) for ids in written.ids]
    assert found["prompt"] == known_to(card_id, "The king\n") and "max_new_tokens=20" in found["link"]
    assert found["link"].startswith("?tab=")
    changed = client.predict(**asked, continued=[*written.ids[0][:5], 3], api_name=f"/{endpoint(card_id)}")
    assert changed["tokens"][0][:6] == [*written.ids[0][:5], 3]


def test_a_text_can_be_read(client: Client) -> None:
    found = client.predict(WRITERS[0], "To be, or not to be", api_name="/read_text")
    assert "".join(found["tokens"]) == "To be, or not to be" and len(found["surprise"]) == 19 and min(found["surprise"]) >= 0
    kind, message = post("read_text", [FAST, "To be"])
    assert kind == "error" and "cannot read" in str(message)
    for text in ("x" * 100_000, "", "😀"):
        kind, message = post("read_text", [WRITERS[0], text])
        assert kind == "error" and len(str(message)) < 250, text


def test_a_date_can_be_translated(client: Client) -> None:
    for card in registry.cards():
        if "translate" in card.can:
            found = client.predict(card.id, "24.12.1990", api_name="/translate")
            assert found["text"] == "1990-12-24" and len(found["attention"]) == 10 and len(found["attention"][0]) == len(found["source"])
    kind, message = post("translate", [FAST, "24.12.1990"])
    assert kind == "error" and "cannot translate" in str(message)


def test_models_lists_every_card(client: Client) -> None:
    assert [model["id"] for model in client.predict(api_name="/models")] == list(MODELS)


def test_a_drawing_can_be_classified_and_reconstructed(client: Client) -> None:
    extractor = next(card.id for card in registry.cards() if "score" in card.can)
    probabilities = client.predict(extractor, digit_uri(), api_name="/classify")["probabilities"]
    assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-4)
    rebuilder = next(card.id for card in registry.cards() if "reconstruct" in card.can)
    assert pixels(client.predict(rebuilder, digit_uri(), api_name="/reconstruct")["reconstruction"]).shape == (28, 28)


def test_two_samples_are_mixed_by_name(client: Client) -> None:
    found = client.predict(model=FAST, first=3, second=4, api_name="/mix")
    upper, lower = found["rows"].values()
    first, last = pictures.tiles(run.sample(FAST, 1, 3).samples)[..., 0], pictures.tiles(run.sample(FAST, 1, 4).samples)[..., 0]
    assert np.abs(pixels(upper)[:, :28].astype(int) - first).max() <= 2 and np.abs(pixels(lower)[:, -28:].astype(int) - last).max() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("card_id", [card_id for card_id in SAMPLERS if data.get(registry.get(card_id).dataset).kind == "image"])
def test_copies_are_looked_for_by_name(client: Client, card_id: str) -> None:
    found = client.predict(model=card_id, n=3, seed=5, api_name="/copies")
    assert len(found["distances"]) == 3 and found["real"]["0.05"] < found["real"]["0.95"]
    assert np.array_equal(pixels(found["drawn"]), pictures.tiles(run.sample(card_id, 3, 5).samples).squeeze())


def test_a_walk_is_a_row_from_one_seed_to_another(client: Client) -> None:
    found = client.predict(model=FAST, first=3, second=4, label="5", api_name="/walk")
    assert found["n"] == 9 and found == client.predict(model=FAST, first=3, second=4, label="5", api_name="/walk")
    kind, message = post("walk", [FAST, 3, 4, "eleven"])
    assert kind == "error" and "label" in message
    assert post("walk", ["flow-mnist", 3, 4, "any"]) == (
        "error",
        "flow-mnist cannot walk: that takes codes that are drawn and can be decoded.",
    )


@pytest.mark.parametrize(
    ("name", "arguments", "control", "allowed"),
    [
        ("mix", ["gan-mnist", -1, 4], "first", "[0, 2147483647]"),
        ("mix", ["gan-mnist", 3, "many"], "second", "[0, 2147483647]"),
        ("mix", ["../secret", 3, 4], "model", "one of"),
        ("copies", ["vae-faces", 17, 4], "n", "[1, 16]"),
        ("copies", ["vae-faces", 3, NAN], "seed", "[0, 2147483647]"),
        ("copies", [None, 3, 4], "model", "one of"),
    ],
)
def test_a_bad_mix_or_search_is_refused_in_one_sentence(name: str, arguments: list, control: str, allowed: str) -> None:
    refused(name, arguments, control, allowed)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("look_at_words", ["stable-diffusion-faces", "x" * 301, 3], "prompt must have at most 300 characters"),
        ("look_at_words", ["gan-mnist", "a face", 3], "gan-mnist does not say where its words are looked at"),
        ("swap_word", ["stable-diffusion-faces", "a red bob", "blue", "black", 3], "word must be one of the prompt's (a, red, bob)"),
        ("swap_word", ["stable-diffusion-faces", "a red bob", "red", "", 3], "other must be a word to put in its place"),
        ("swap_word", ["gan-mnist", "a red bob", "red", "black", 3], "gan-mnist has no control named 'prompt'"),
        ("turn_up_guidance", ["stable-diffusion-faces", "a face", 9, 3], "n must be a whole number in [1, 8]"),
        ("turn_up_guidance", ["stable-diffusion-faces", ["a", "b"], 2, 3], "prompt must be one text"),
    ],
)
def test_a_bad_look_inside_is_refused_in_one_sentence_and_loads_nothing(name: str, arguments: list, words: str) -> None:
    before = registry.loaded()
    kind, message = post(name, arguments)
    assert kind == "error" and message.startswith(words) and str(ROOT) not in message and registry.loaded() == before


@pytest.mark.parametrize(
    ("name", "model", "words"),
    [
        ("mix", "autoencoder-mnist", "autoencoder-mnist cannot mix two samples"),
        ("mix", "diffusion-faces", "diffusion-faces cannot mix two samples"),
        ("copies", "gpt-shakespeare", "The reference of shakespeare is missing"),
    ],
)
def test_a_model_that_cannot_is_said_to(name: str, model: str, words: str) -> None:
    before = registry.loaded()
    kind, message = post(name, [model, 3, 4])
    assert kind == "error" and message.startswith(words) and str(ROOT) not in message and registry.loaded() == before


@pytest.mark.parametrize("card_id", [card.id for card in registry.cards() if card.hub and "sample" in card.can])
@pytest.mark.slow
def test_a_model_that_is_not_here_is_one_sentence_and_public_or_not_it_loads_nothing(card_id: str, monkeypatch) -> None:
    assert post(endpoint(card_id), values(card_id))[1].endswith("or use a model that is shipped with this page.")
    most = registry.get(card_id).hub.visitor_n
    refused(endpoint(card_id), values(card_id, n=most + 1), "n", f"[1, {most}]")
    for name in ("reconstruct", "classify"):
        assert post(name, [card_id, digit_uri()])[1].startswith(f"{card_id} cannot ")
    monkeypatch.setenv("SPACE_ID", "someone/space")
    offered = registry.get(card_id).hub.public
    words = post(endpoint(card_id), values(card_id))[1]
    assert words.startswith(f"{card_id} is not offered on a public page") != offered
    assert (card_id in [model["id"] for model in api.models()]) == offered


def test_a_picture_to_start_from_is_taken_as_data_uri(client: Client) -> None:
    found = client.predict(
        n=2, seed=1, num_inference_steps=4, guidance_scale=1, given=digit_uri(), strength=0.25, api_name=f"/{endpoint('diffusion-mnist')}"
    )
    assert found["nfe"] == 1


NUMBERS = [NAN, float("inf"), -1, 0.5, 10**12, True, "many", None, [2], {"a": 1}]
HOSTILE = [
    *[("n", value, f"[1, {VISITOR_N}]") for value in [*NUMBERS, 0, VISITOR_N + 1]],
    *[("seed", value, "[0, 2147483647]") for value in [*NUMBERS, 2**31]],
]


@pytest.mark.parametrize("name, value, allowed", HOSTILE, ids=lambda value: repr(value)[:30])
def test_a_bad_count_or_seed_is_refused_in_one_sentence(name: str, value: object, allowed: str) -> None:
    refused(endpoint(FAST), values(FAST, **{name: value}), name, allowed)


CONTROLS = [
    ("gan-mnist", "label", "ten", "one of"),
    ("gan-mnist", "label", None, "one of"),
    ("gan-mnist", "label", 12, "one of"),
    ("gan-mnist", "label", "x" * 300_000, "one of"),
    ("gan-mnist", "label", "1," * 150_000, "one of"),
    ("gan-mnist", "truncation", NAN, "["),
    ("gan-mnist", "truncation", -0.1, "["),
    ("gan-mnist", "truncation", "x" * 300_000, "["),
    ("diffusion-mnist", "num_inference_steps", 2.5, "[1, 250]"),
    ("diffusion-mnist", "num_inference_steps", 251, "[1, 250]"),
    ("diffusion-mnist", "guidance_scale", NAN, "[0, 8]"),
    ("diffusion-mnist", "scheduler", "Euler; rm -rf", "one of"),
    ("diffusion-mnist", "scheduler", ["DDIM"], "one of"),
    ("diffusion-mnist", "eta", None, "[0, 1]"),
    ("diffusion-mnist", "strength", 0, "[0.05, 1]"),
    ("diffusion-mnist", "given", "/etc/passwd", "data URI"),
    ("diffusion-mnist", "given", {"path": "/etc/passwd"}, "data URI"),
    ("diffusion-mnist", "given", "http://127.0.0.1:7860/config", "data URI"),
    ("diffusion-mnist", "given", "data:image/png;base64,AAAA", "data URI"),
    ("diffusion-mnist", "given", "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode(), "data URI"),
    ("diffusion-mnist", "given", "data:image/png;base64," + "A" * 5_000_000, "data URI"),
    ("diffusion-mnist", "given", 7, "data URI"),
    ("vae-mnist", "temperature", float("-inf"), "["),
    ("vae-mnist", "top", [1, 2], "6 numbers"),
    ("vae-mnist", "top", [0, 0, 0, 0, 0, NAN], "["),
    ("vae-mnist", "top", "x" * 300_000, "6 numbers"),
]


@pytest.mark.parametrize("card_id, name, value, allowed", CONTROLS, ids=lambda value: repr(value)[:30])
def test_a_bad_control_is_refused_in_one_sentence(card_id: str, name: str, value: object, allowed: str) -> None:
    refused(endpoint(card_id), values(card_id, **{name: value}), name, allowed)


@pytest.mark.parametrize(
    "model",
    ["nope", "../gan-mnist", "a/b/c", "http://evil.example/x", ".", None, 7, ["gan-mnist"], "x" * 300_000],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("name", ["reconstruct", "classify"])
def test_an_unknown_model_is_refused_and_the_known_ones_are_named(name: str, model: object) -> None:
    refused(name, [model, digit_uri()], "model", "ids such as")


def test_a_decompression_bomb_is_refused_from_its_header() -> None:
    refused(endpoint("diffusion-mnist"), values("diffusion-mnist", given=bomb_uri()), "given", "4 million points")
    for name, what in (("reconstruct", "reconstruct"), ("classify", "score")):
        able = next(card.id for card in registry.shipped() if what in card.can)
        refused(name, [able, bomb_uri()], "given", "4 million points")


def test_an_empty_drawing_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("L", (100, 100)).save(buffer, "PNG")
    kind, message = post("classify", [next(card.id for card in registry.cards() if "score" in card.can), pictures.uri(buffer.getvalue())])
    assert kind == "error" and "empty" in str(message)


def refused(name: str, arguments: list, control: str, allowed: str) -> None:
    """The request fails with one short sentence that names the control and what is allowed, shows no server path, and loads no model."""
    before = registry.loaded()
    kind, message = post(name, arguments)
    assert kind == "error"
    assert isinstance(message, str) and message.startswith(f"{control} must "), message
    assert allowed in message and len(message) < 400, message
    assert "Traceback" not in message and "internal error" not in message and str(ROOT) not in message and "/tmp" not in message
    assert registry.loaded() == before


def test_the_client_gets_the_same_sentence(client: Client) -> None:
    with pytest.raises(AppError, match=r"n must be a whole number in \[1, 64\], got 65\."):
        client.predict(n=VISITOR_N + 1, seed=0, api_name=f"/{endpoint(FAST)}")


def test_the_door_without_a_queue_is_shut() -> None:
    sent = httpx.post(f"{serving.url()}gradio_api/run/{endpoint(FAST)}", json={"data": values(FAST)})
    assert sent.status_code == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_origin_may_not_read_answers(origin: str) -> None:
    for path in ("config", "gradio_api/info"):
        assert "access-control-allow-origin" not in httpx.get(serving.url() + path, headers={"Origin": origin}).headers
    sent = httpx.post(f"{serving.url()}gradio_api/call/{endpoint(FAST)}", json={"data": values(FAST)}, headers={"Origin": origin})
    assert "access-control-allow-origin" not in sent.headers


def test_a_form_of_another_site_starts_nothing() -> None:
    sent = httpx.post(
        f"{serving.url()}gradio_api/call/{endpoint(FAST)}",
        content=json.dumps({"data": values(FAST)}),
        headers={"Content-Type": "text/plain"},
    )
    assert sent.status_code == 422


def test_files_of_the_server_cannot_be_read() -> None:
    for path in ("/etc/passwd", "app.py", "assets/style.css", "../../etc/passwd"):
        assert httpx.get(f"{serving.url()}gradio_api/file={path}").status_code in (403, 404)


def test_every_named_dependency_of_the_page_is_on_the_list() -> None:
    config = httpx.get(serving.url() + "config").json()
    public = {dependency["api_name"] for dependency in config["dependencies"] if dependency["api_visibility"] == "public"}
    assert public == {endpoint(card_id) for card_id in OFFERED} | set(api.ENDPOINTS)


def test_two_visitors_at_once_get_their_own_results() -> None:
    alone = {seed: run.sample(FAST, 2, seed) for seed in range(8)}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = dict(zip(alone, pool.map(lambda seed: post(endpoint(FAST), values(FAST, seed=seed)), alone), strict=True))
    for seed, (kind, found) in answers.items():
        assert kind == "complete"
        assert np.array_equal(pixels(found["image"]), pictures.tiles(alone[seed].samples)[..., 0])


def test_choices_between_faces_become_a_reward(client: Client) -> None:
    left, right = (client.predict(7, [side] * 12, api_name="/learn_from_choices") for side in (0, 1))
    assert set(left["weights"]) == {"age", "smile", "beard", "hair_colour", "glasses", "turn"} and 0 <= left["guessed"] <= 12
    assert all(abs(left["weights"][name] + right["weights"][name]) < 1e-3 for name in left["weights"]), "the other face, the other taste"
    for seed, choices in ((7, []), (7, [0, 2]), (7, [0] * 13), (-1, [0, 1]), (7, ["left"] * 2)):
        kind, message = post("learn_from_choices", [seed, choices])
        assert kind == "error" and len(str(message)) < 250, choices


@pytest.mark.slow
def test_the_race_is_an_endpoint_that_repeats_itself_and_is_bounded(client: Client) -> None:
    found = client.predict("moons", 3, 5, api_name="/race_to_points")
    assert found == client.predict("moons", 3, 5, api_name="/race_to_points")
    digits = client.predict("digits-8", 3, 2, api_name="/race_to_points")
    assert all(set(metrics) == set(digits["real"]) >= {"covered", "seen", "sliced"} for metrics in digits["families"].values())
    assert set(found["families"]) == {"gan", "vae", "diffusion", "flow", "autoregressive", "autoencoder"}
    assert all(set(metrics) == set(found["real"]) == {"mmd", "sliced"} for metrics in found["families"].values())
    for wrong in (["cat", 3, 5], ["own", 3, 5], ["moons", -1, 5], ["moons", 3, 0], ["moons", 3, 10**6]):
        kind, message = post("race_to_points", wrong)
        assert kind == "error" and "must be" in str(message), wrong
