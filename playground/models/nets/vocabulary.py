"""A CLIP tokenizer whose vocabulary is made of a data set's captions: the same captions give the same numbers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
MAX_TOKENS = 48  # of a prompt, start and end included


def make_tokenizer(captions: Sequence[str]) -> CLIPTokenizer:
    """CLIP's tokenizer with a vocabulary of its own, in which every word of the captions is one token and any other falls apart.

    Numbered by us: start and end, single characters in their order, then what each merge makes. The trainer numbers the characters that end a
    word as its hash happens to lie, anew in every process, and a run that goes on after a kill would read other words than it learnt.
    """
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer

    learnt = Tokenizer(BPE(end_of_word_suffix="</w>"))
    learnt.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    learnt.train_from_iterator(
        captions, BpeTrainer(vocab_size=4000, special_tokens=[START, END], end_of_word_suffix="</w>", show_progress=False)
    )
    with tempfile.TemporaryDirectory() as folder:
        vocab, merges = learnt.model.save(folder)
        made = list(
            dict.fromkeys(
                "".join(line.split()) for line in Path(merges).read_text(encoding="utf-8").splitlines() if not line.startswith("#")
            )
        )
        known = json.loads(Path(vocab).read_text(encoding="utf-8"))
        order = [START, END, *sorted(set(known) - {START, END, *made}), *(token for token in made if token in known)]
        Path(vocab).write_text(json.dumps({token: k for k, token in enumerate(order)}), encoding="utf-8")
        return CLIPTokenizer.from_pretrained(
            folder,
            vocab_file=vocab,
            merges_file=merges,
            unk_token=END,
            bos_token=START,
            eos_token=END,
            pad_token=END,
            model_max_length=MAX_TOKENS,
        )


def renumbered(rows: torch.Tensor, of: CLIPTokenizer, to: CLIPTokenizer) -> torch.Tensor:
    """Rows (tokens, d) of one tokenizer's tokens in the order of another's; a token that the first does not know has the mean row."""
    known = of.get_vocab()
    found = rows.mean(0, keepdim=True).repeat(len(to), 1)
    for token, k in to.get_vocab().items():
        if token in known:
            found[k] = rows[known[token]]
    return found


def tokens_of(tokenizer: CLIPTokenizer, prompts: Sequence[str]) -> torch.Tensor:
    """Token ids (n, tokenizer.model_max_length), padded as the pipeline pads."""
    found = tokenizer(list(prompts), padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt")
    return found.input_ids
