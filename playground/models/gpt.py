"""A transformer that reads a text from left to right and guesses its next token: transformers' own classes, small and trained here, or large.

Radford et al. 2019, Language models are unsupervised multitask learners. The small one is trained with Muon (Jordan et al. 2024,
torch.optim.Muon) on the matrices of its blocks, AdamW on the rest.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from playground import data, hub, weights
from playground.device import pick_device
from playground.errors import WeightsUnavailable
from playground.models.nets.language import (
    Characters,
    HubTokens,
    LanguageModel,
    Reader,
    characters_seen,
    pieces,
    text_recipe,
    windows,
    write,
)
from playground.training import batches
from playground.training.recipe import Recipe, TextBatch, Trainee, Update
from playground.types import Corpus, ModelCard, Texts

STORY = 2, 160  # texts, and characters of each, at a moment of the training story
AT_ONCE = 16  # windows that are scored in one forward batch


@dataclass(frozen=True)
class Config:
    """The recipe's settings. matrix_rate: learning rate of Muon, in units in which AdamW's are alike (arXiv:2502.16982)."""

    layers: int = 4
    heads: int = 4
    width: int = 256
    context: int = 256
    dropout: float = 0.15
    matrix_rate: float = 3e-3
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    num_steps: int = 4000
    batch_size: int = 16
    warmup_steps: int = 100
    ema_decay: float = 0.998


MUSIC = Config(width=192, dropout=0.2, num_steps=2500)  # a tenth of the plays once the twelve keys are taken for one


class GPTTrainee(Trainee):
    """Cross-entropy of the next character. mark: as Shelf has it."""

    def __init__(self, config: Config, alphabet: Sequence[str], mark: str):
        from transformers import GPT2Config, GPT2LMHeadModel

        torch.manual_seed(0)
        network = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=len(alphabet),
                n_positions=config.context,
                n_embd=config.width,
                n_layer=config.layers,
                n_head=config.heads,
                embd_pdrop=config.dropout,
                resid_pdrop=config.dropout,
                attn_pdrop=0.0,
                **token_ids(alphabet, mark),
            )
        )
        matrices = [p for name, p in network.named_parameters() if p.ndim == 2 and ".h." in name]
        known = {id(p) for p in matrices}
        others = [p for p in network.parameters() if id(p) not in known]
        self.alphabet, self.mark, self.config = tuple(alphabet), mark, config
        super().__init__(
            {"gpt": network},
            {
                "muon": torch.optim.Muon(matrices, lr=config.matrix_rate, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"),
                "adamw": torch.optim.AdamW(others, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=0.0),
            },
            averaged=("gpt",),
        )

    def step(self, batch: TextBatch, i: int, generator: torch.Generator, update: Update) -> dict[str, torch.Tensor]:
        """One step on windows of the text."""
        logits = self.modules["gpt"](batch.x[:, :-1], use_cache=False).logits.float()  # (b, t, v)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch.x[:, 1:].flatten())
        update("muon", loss, "adamw")
        return {"loss": loss.detach()}

    def earlier(self, card_id: str) -> dict[str, Mapping[str, torch.Tensor]]:
        """The network lies in the card's folder itself, with its tokenizer. Raises WeightsUnavailable."""
        return {"gpt": weights.load(card_id, **{".": type(self.modules["gpt"])})["."].state_dict()}

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, int]:
        """How many characters were seen, each repetition counted."""
        return characters_seen(self.config.num_steps, self.config.batch_size, self.config.context)

    def preview(self, modules: Mapping[str, nn.Module]) -> Texts:
        """What the averaged network writes from nothing."""
        return torch.no_grad()(write)(GPT(modules["gpt"].eval(), Characters(self.alphabet)), *STORY, seed=0)

    def whole(self, modules: Mapping[str, nn.Module]) -> Shelf:
        """The network with its tokenizer, as transformers' pipeline loads them."""
        return Shelf(modules["gpt"], self.alphabet, self.mark)


@dataclass(frozen=True)
class Shelf:
    """A network and its tokenizer in one folder: pipeline("text-generation", model=folder) works as it stands.

    mark: the character that stands for start, end and unknown where a library asks for a token of each. It is one of the alphabet, so that the network
    has a row for it and no token's number changes; transformers leaves it out of what it decodes.
    """

    network: nn.Module
    alphabet: tuple[str, ...]
    mark: str

    def save_pretrained(self, folder: str, **options: Any) -> None:
        """Writes both; weights in float16, the configuration asking for float32."""
        copy.deepcopy(self.network).half().save_pretrained(folder, **options)
        self.describe(folder)

    def describe(self, folder: str) -> None:
        """Writes all of it but the weights: the tokenizer, which tokens mean what, and how generate draws, within the positions that there are."""
        from transformers import GenerationConfig

        path, ids = Path(folder) / "config.json", token_ids(self.alphabet, self.mark)
        weights.write_json(path, {**json.loads(path.read_text(encoding="utf-8")), **ids, "dtype": "float32"})
        positions = context_of(self.network)
        GenerationConfig(**ids, max_length=positions, do_sample=True, top_k=0).save_pretrained(folder)
        character_tokenizer(self.alphabet, self.mark, positions).save_pretrained(folder)


def token_ids(alphabet: Sequence[str], mark: str) -> dict[str, int | None]:
    """What transformers' configurations say of tokens: a text begins after a line break and ends with the mark.

    Padding is the mark, never a line break: without a mask, generate takes each padding token of a prompt for none. A mark that is a line break itself, since
    that ends a text, leaves padding out.
    """
    end = alphabet.index(mark)
    return {"bos_token_id": alphabet.index("\n"), "eos_token_id": end, "pad_token_id": None if mark == "\n" else end}


def character_tokenizer(alphabet: Sequence[str], mark: str, positions: int) -> Any:
    """transformers' tokenizer of single characters, those outside the alphabet left out, a token's number its place there. mark: as Shelf has it."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(vocab={character: place for place, character in enumerate(alphabet)}, merges=[]))
    tokenizer.decoder = decoders.Fuse()
    marks = dict.fromkeys(("bos_token", "eos_token", "unk_token") + (() if mark == "\n" else ("pad_token",)), mark)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, model_max_length=positions, padding_side="left", **marks
    )


class CachedReader(Reader):
    """Keeps keys and values of what was read; where the positions run out, it goes on from the last half of them."""

    def __init__(self, network: nn.Module, n: int):
        self.network, self.n = network, n
        self.context = context_of(network)
        self.ids = torch.zeros(n, 0, dtype=torch.long)
        self.cache: Any = None

    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """Reads on."""
        self.ids = torch.cat([self.ids, ids], 1)[:, -self.context :]
        held = 0 if self.cache is None else self.cache.get_seq_length()
        if held + ids.shape[1] > self.context:
            self.cache = None
            ids = self.ids if held == 0 else self.ids[:, -(self.context // 2) :]
        held = 0 if self.cache is None else held
        mask = torch.ones(self.n, held + ids.shape[1], dtype=torch.long, device=self.network.device)
        answer = self.network(
            ids.to(self.network.device), attention_mask=mask, past_key_values=self.cache, use_cache=True, logits_to_keep=1
        )
        self.cache = answer.past_key_values
        return answer.logits[:, -1].float()


class GPT(LanguageModel):
    """A loaded causal language model of transformers."""

    def __init__(self, network: nn.Module, tokens: Any):
        self.network, self.tokens = network, tokens
        self.size_bytes = sum(p.numel() * p.element_size() for p in network.parameters())

    def reader(self, n: int) -> CachedReader:
        """A reader with a cache of keys and values."""
        return CachedReader(self.network, n)

    def surprises(self, ids: np.ndarray) -> np.ndarray:
        """Windows of the context's length by half of it: each token is guessed from at least half a context, but for the first."""
        given = torch.from_numpy(np.concatenate([self.tokens.start, ids]))
        context = min(context_of(self.network), 1024)
        found = np.zeros(len(ids))
        full = [each for each in windows(len(ids), context)]
        for first in range(0, len(full), AT_ONCE):
            part = full[first : first + AT_ONCE]
            width = max(end - begin for begin, _, end in part)
            rows = torch.zeros(len(part), width + 1, dtype=torch.long)
            for row, (begin, _, end) in zip(rows, part, strict=True):
                row[: end - begin + 1] = given[begin : end + 1]
            logits = self.network(rows[:, :-1].to(self.network.device), use_cache=False).logits.float().cpu()
            nll = nn.functional.cross_entropy(logits.transpose(1, 2), rows[:, 1:], reduction="none").numpy()
            for row, (begin, scored, end) in zip(nll, part, strict=True):
                found[scored:end] = row[scored - begin : end - begin]
        return found

    def attend(self, text: str) -> tuple[tuple[str, ...], np.ndarray]:
        """The tokens of a text (the first ones that fit) and how each attends to those before: float32 (layers, heads, t, t), rows sum to one."""
        ids = (self.tokens.ids(text) or list(self.tokens.start))[: context_of(self.network)]
        kept = self.network.config._attn_implementation
        self.network.set_attn_implementation("eager")  # the fused kernels keep no weights
        try:
            answer = self.network(torch.tensor([ids], device=self.network.device), output_attentions=True, use_cache=False)
        finally:
            self.network.set_attn_implementation(kept)
        return pieces(self.tokens, ids), torch.stack([layer[0].float().cpu() for layer in answer.attentions]).numpy()


def context_of(network: nn.Module) -> int:
    """The tokens that a network can look at."""
    return int(network.config.max_position_embeddings)


def load(card: ModelCard) -> GPT:
    """The loader that cards name: a shipped folder, or that of the Hub's cache, by the same classes. Raises WeightsUnavailable."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    weights.hush()
    if card.hub is None:
        weights.verify(card.id)
    folder = (weights.folder(card.id) if card.hub is None else hub.require(card)).as_posix()
    try:
        network = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise WeightsUnavailable(f"The weights of {card.id} could not be read: {type(error).__name__}.") from error
    if "chat" in card.can and not tokenizer.chat_template:
        raise WeightsUnavailable(f"{hub.repo_of(card).repo_id} holds no chat template, which {card.id} needs: use another model.")
    ends = network.generation_config.eos_token_id
    last = [] if ends is None else ends if isinstance(ends, list) else [ends]
    tokens = HubTokens(tokenizer, network.config.vocab_size, last, "chat" in card.can)
    if card.hub is None:
        tokens = Characters.of(card.dataset, [tokenizer.convert_ids_to_tokens(k) for k in range(network.config.vocab_size)])
    return GPT(network.to(pick_device()).eval().requires_grad_(False), tokens)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a small GPT of characters."""
    config = config or Config()
    about = data.get(card.dataset)
    alphabet = about.labels

    def cut(corpus: Corpus) -> batches.Windows:
        return batches.Windows(batches.tokens_of(corpus.text, alphabet), config.context)

    return text_recipe(card, config, partial(GPTTrainee, config, alphabet, (about.ends or about.spare)[0]), cut)


def music_recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a small GPT of notes written as characters."""
    return recipe(card, config or MUSIC)
