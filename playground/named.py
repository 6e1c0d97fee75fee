"""Repositories of the Hub that the operator names (app.py --allow-any-model): what each holds, asked once and written down.

For one person on their own machine: a public page offers the catalogue alone. Of a repository its list of files and its configs are read, and a
card is made only where both say that a class of the libraries loads it from safetensors: nothing is taken on trust from a name, and no class of
its own code is. Code, pickles and whatever else it holds are never fetched. The commit is kept to from then on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playground import download, hub, registry, weights
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import HubRepo

NAME = re.compile(r"\w[\w.\-]{0,95}/\w[\w.\-]{0,95}")
CODECS = ("AutoencoderKL", "AutoencoderTiny")
LANGUAGE = re.compile(r"\w+(ForCausalLM|LMHeadModel)")
PARTS = {  # of a StableDiffusionPipeline, by the classes that our own loop knows how to step through
    "unet": ("UNet2DConditionModel",),
    "vae": CODECS,
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
}
TEMPLATE = (
    "chat_template.jinja"  # where transformers 5 keeps a tokenizer's template for conversations; before, tokenizer_config.json held it
)
TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    TEMPLATE,
)
LARGEST_CONFIG = 5_000_000  # bytes
SIDES = 8, 1024  # of a picture

_names: tuple[str, ...] = ()  # that were allowed in this process


@dataclass(frozen=True)
class Named:
    """What a repository stood for when it was first asked: its commit, class, the files that are taken with their bytes, and its own licence.

    shape: (h, w, c) of its pictures, empty of a text. bits: of a number in its weights. variant: as diffusers names it. tiny: TAESD paints its codes.
    chat: its tokenizer has a template for conversations.
    """

    repo_id: str
    commit: str
    class_name: str
    files: Mapping[str, int]
    licence: str
    shape: tuple[int, ...] = ()
    bits: int = 32
    variant: str | None = None
    tiny: bool = False
    chat: bool = False

    @property
    def id(self) -> str:
        """The id of its card."""
        return re.sub(r"[^a-z0-9\-]", "-", self.repo_id.lower().replace("/", "--"))


def allowed() -> tuple[Named, ...]:
    """The repositories that the operator named, none on a public page. Raises PlaygroundError for one that was never asked what it is."""
    return () if hub.is_public() else tuple(map(_known, _names))


def allow(names: Iterable[str], renew: bool = False) -> None:
    """Offers repositories beside the catalogue from now on; each that was not named before, or each if renew, is asked what it is.

    One that the catalogue holds is left to it. Raises PlaygroundError in one sentence for a name that is none, a repository of a class that is not
    known, and where the Hub cannot be asked.
    """
    global _names
    if hub.is_public():
        raise PlaygroundError("A public page offers the catalogue alone: models of your own choice work on a page that is not shared.")
    held = {card.hub.repo_id for module in registry.MODULES for card in registry.of(module) if card.hub is not None}
    wanted = [name for name in dict.fromkeys(map(_checked, names)) if name not in held]
    found = [_ask(name) if renew or not _record(name).is_file() else _known(name) for name in wanted]
    if len({each.id for each in found}) < len(found):
        raise PlaygroundError("Two of these names are too much alike to be told apart: name one at a time.")
    _names = tuple(wanted)


def _checked(name: object) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name) or ".." in name or "--" in name:
        raise PlaygroundError(f"A model of the Hub is named owner/name, such as openai-community/gpt2; got {str(name)[:40]!r}.")
    return name


def _record(repo_id: str) -> Path:
    return hub.assets() / "named" / f"{repo_id.replace('/', '--')}.json"


def _known(repo_id: str) -> Named:
    try:
        found = json.loads(_record(repo_id).read_text(encoding="utf-8"))
        return Named(**found | {"shape": tuple(found["shape"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlaygroundError(f"{repo_id} was not asked yet what it is: start app.py --allow-any-model {repo_id} online once.") from error


def _ask(repo_id: str) -> Named:
    """What the Hub says of a repository, written down."""
    from huggingface_hub import HfApi, constants

    if hub.is_offline():
        raise WeightsUnavailable(
            f"{repo_id} is not known here yet and the Hub may not be asked (--offline or HF_HUB_OFFLINE): start without."
        )
    repo = HubRepo(repo_id, (), "", 0, 0, (0, 0), ())
    try:
        info = HfApi(endpoint=constants.ENDPOINT).model_info(repo_id, revision=repo.revision, files_metadata=True)
        sizes = {each.rfilename: each.size or 0 for each in info.siblings or ()}
        known = {name: _config(repo_id, info.sha, name) for name in _configs(sizes) if sizes[name] <= LARGEST_CONFIG}
    except PlaygroundError:
        raise
    except Exception as error:
        raise WeightsUnavailable(download.why(repo, error)) from error
    licence = str((info.card_data or {}).get("license") or "not stated")[:60]
    found = _understood(repo_id, info.sha, sizes, known, licence)
    _record(repo_id).parent.mkdir(parents=True, exist_ok=True)
    weights.write_json(_record(repo_id), asdict(found))
    return found


def _configs(sizes: Mapping[str, int]) -> list[str]:
    """The files that say what a repository is, of those that it has."""
    return [
        name
        for name in ("model_index.json", "config.json", "tokenizer_config.json", "unet/config.json", "vae/config.json")
        if name in sizes
    ]


def _config(repo_id: str, commit: str, name: str) -> Mapping[str, Any]:
    from huggingface_hub import constants, hf_hub_download

    path = hf_hub_download(repo_id, name, revision=commit, cache_dir=constants.HF_HUB_CACHE, endpoint=constants.ENDPOINT)
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise WeightsUnavailable(f"{name} of {repo_id} could not be read as JSON: the repository is damaged.")
    return found


def _understood(repo_id: str, commit: str, sizes: Mapping[str, int], known: Mapping[str, Mapping[str, Any]], licence: str) -> Named:
    """What files and configs make of a repository. Raises WeightsUnavailable, one sentence, for whatever is not of a known kind."""
    index, config = known.get("model_index.json", {}), known.get("config.json", {})
    class_name = str(index.get("_class_name") or config.get("_class_name") or next(iter(config.get("architectures") or ()), ""))[:60]
    maker = MAKERS.get(class_name) or (_language if LANGUAGE.fullmatch(class_name) else None)
    if maker is None:
        raise WeightsUnavailable(
            f"{repo_id} is a {class_name or 'repository without a known class'}; what works here is "
            f"{', '.join(MAKERS)} or a causal language model of transformers (...ForCausalLM)."
        )
    try:
        named = maker(_Found(repo_id, sizes, known))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise WeightsUnavailable(f"The configs of {repo_id} do not say what a {class_name} needs ({type(error).__name__}).") from error
    return Named(repo_id, commit, class_name, licence=licence, **named)


@dataclass(frozen=True)
class _Found:
    """A repository's files by name with their bytes, and those configs that were read."""

    repo_id: str
    sizes: Mapping[str, int]
    configs: Mapping[str, Mapping[str, Any]]

    def refuse(self, what: str) -> WeightsUnavailable:
        """One sentence on why it is not taken."""
        return WeightsUnavailable(f"{self.repo_id} {what}.")

    def weights(self, stem: str, variant: str | None = None) -> list[str]:
        """The safetensors of one network: a single file, or an index and its shards. Raises WeightsUnavailable where there are none."""
        ending = f".{variant}.safetensors" if variant else ".safetensors"
        if f"{stem}{ending}" in self.sizes:
            return [f"{stem}{ending}"]
        index = f"{stem}.safetensors.index{'.' + variant if variant else ''}.json"
        shards = [name for name in self.sizes if re.fullmatch(rf"{re.escape(stem)}-\d+-of-\d+{re.escape(ending)}", name)]
        if index in self.sizes and shards:
            return [index, *shards]
        raise self.refuse(f"has no safetensors of {stem}, and nothing else is ever read")

    def there(self, *names: str) -> list[str]:
        """Those of some files that it has."""
        return [name for name in names if name in self.sizes]

    def sized(self, names: Iterable[str]) -> dict[str, Any]:
        """What Named says of the files that are taken."""
        return {"files": {name: self.sizes[name] for name in sorted(names)}}


def _stable(found: _Found) -> dict[str, Any]:
    """A StableDiffusionPipeline of the classes that the small one here is made of."""
    index, unet, vae = (found.configs[name] for name in ("model_index.json", "unet/config.json", "vae/config.json"))
    for part, classes in PARTS.items():
        library, name = index[part]
        if library not in ("diffusers", "transformers") or name not in classes:
            raise found.refuse(f"has {str(name)[:40]} as {part}, where {' or '.join(classes)} is known here")
    tiny = vae["_class_name"] == "AutoencoderTiny"
    levels, channels = (len(vae["decoder_block_out_channels" if tiny else "block_out_channels"]), vae["latent_channels"])
    if unet["in_channels"] != channels:
        raise found.refuse(f"has a U-Net that takes {unet['in_channels']} numbers at each place, where its codes have {channels}")
    side = _side(found, unet["sample_size"] * 2 ** (levels - 1))
    stems = ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model")
    try:
        variant, files = "fp16", [name for stem in stems for name in found.weights(stem, "fp16")]
    except WeightsUnavailable:
        variant, files = None, [name for stem in stems for name in found.weights(stem)]
    files += found.there("model_index.json", "scheduler/scheduler_config.json", *(f"{stem.split('/')[0]}/config.json" for stem in stems))
    files += found.there(*(f"tokenizer/{name}" for name in TOKENIZER))
    known = {"variant": variant, "bits": 16 if variant else 32}
    return known | found.sized(files) | {"shape": (side, side, 3), "tiny": not tiny and (levels, channels) == (4, 4)}


def _unconditional(found: _Found) -> dict[str, Any]:
    """A U-Net and its scheduler, in folders of their own or beside each other."""
    within = "unet/" if "unet/config.json" in found.sizes else ""
    unet = found.configs[f"{within}config.json"]
    if unet["_class_name"] != "UNet2DModel" or unet["out_channels"] not in (1, 3) or unet["in_channels"] != unet["out_channels"]:
        raise found.refuse("is no U-Net that turns a picture into one like it (UNet2DModel)")
    files = found.weights(f"{within}diffusion_pytorch_model") + found.there("model_index.json", f"{within}config.json")
    files += found.there("scheduler/scheduler_config.json" if within else "scheduler_config.json")
    side = _side(found, unet["sample_size"])
    return found.sized(files) | {"shape": (side, side, unet["out_channels"])}


def _codec(found: _Found) -> dict[str, Any]:
    """An autoencoder of photographs, an eighth of each side."""
    config = found.configs["config.json"]
    levels = len(config.get("block_out_channels") or config["decoder_block_out_channels"])
    if (config["in_channels"], config["out_channels"], levels) != (3, 3, 4):
        raise found.refuse("does not turn colour pictures into codes of an eighth of each side, which is what works here")
    return found.sized([*found.weights("diffusion_pytorch_model"), "config.json"]) | {"shape": (256, 256, 3)}


def _language(found: _Found) -> dict[str, Any]:
    """A causal language model whose class and tokenizer transformers has."""
    config, tokenizer = found.configs["config.json"], found.configs.get("tokenizer_config.json", {})
    if config.get("auto_map") or tokenizer.get("auto_map"):
        raise found.refuse("brings code of its own, which is never run here")
    if not isinstance(config.get("max_position_embeddings", config.get("n_positions")), int):
        raise found.refuse("does not say how many tokens it can look at (max_position_embeddings)")
    if not found.there("tokenizer.json") and len(found.there("vocab.json", "merges.txt")) < 2:
        raise found.refuse("has no tokenizer as JSON")
    bits = 16 if str(config.get("dtype", config.get("torch_dtype"))) in ("float16", "bfloat16") else 32
    files = found.weights("model") + found.there("config.json", "generation_config.json", *TOKENIZER)
    return found.sized(files) | {"bits": bits, "chat": bool(found.there(TEMPLATE)) or _has_template(tokenizer)}


def _has_template(tokenizer: Mapping[str, Any]) -> bool:
    """Whether a tokenizer's config holds a template for conversations: one, or of several by name that which is taken unasked."""
    found = tokenizer.get("chat_template")
    return isinstance(found, str) or (isinstance(found, list) and any(each["name"] == "default" for each in found))


def _side(found: _Found, side: object) -> int:
    if type(side) is not int or not SIDES[0] <= side <= SIDES[1]:
        raise found.refuse(f"draws pictures of {str(side)[:20]} points a side, where {SIDES[0]} to {SIDES[1]} work here")
    return side


MAKERS = {"StableDiffusionPipeline": _stable, "DDPMPipeline": _unconditional, "DDIMPipeline": _unconditional} | dict.fromkeys(
    CODECS, _codec
)
"""What is read of a repository, by the class that it names; causal language models go by the end of their name (LANGUAGE)."""
