#!/usr/bin/env bash
# ctranslate2 4.8.5 (transformers 5.23.0), seen 2026-12-01.
#
# ct2-transformers-converter turns a GPT-2 whose tokenizer names no start, end or unknown token into a folder without a word, and the library cannot
# open that folder: the names are written as null, and null is no string. A tokenizer that names all three gives one that opens.
# One would guess that the converter refuses what cannot be opened, or that a token which is not there is left out.
#
# Output seen:
#   no token named: [json.exception.type_error.302] type must be string, but is null
#   all three named: opens
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q torch==2.13.0 ctranslate2==4.8.5 transformers==5.23.0 numpy 2>/dev/null
cd "$work"
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1
env/bin/python - 2>errors <<'PY' | tee seen
import ctranslate2
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer, models
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

for words, named in (("no token named", {}), ("all three named", dict.fromkeys(("bos_token", "eos_token", "unk_token"), "a"))):
    tokenizer = Tokenizer(models.BPE(vocab={letter: k for k, letter in enumerate("abcd")}, merges=[]))
    GPT2LMHeadModel(GPT2Config(vocab_size=4, n_positions=8, n_embd=8, n_layer=1, n_head=2)).save_pretrained("saved")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained("saved")
    TransformersConverter("saved").convert("converted", force=True)
    try:
        ctranslate2.Generator("converted")
        print(f"{words}: opens")
    except RuntimeError as error:
        print(f"{words}: {error}")
PY
diff seen - <<'SEEN'
no token named: [json.exception.type_error.302] type must be string, but is null
all three named: opens
SEEN
echo "As on 2026-12-01."
