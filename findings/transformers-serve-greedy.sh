#!/usr/bin/env bash
# transformers 5.23.0 (serve), seen 2026-12-01.
#
# `transformers serve` takes temperature, top_p and seed of a chat completion, and writes the likeliest text at any of them, unless the model's own
# generation_config.json says do_sample: of the fields of OpenAI's protocol only temperature 0 is turned into do_sample, as False. What asks for
# drawing is a field of its own, "generation_config", a JSON text.
# One would guess that temperature 1.5 and another seed give another text, as with every other server of that protocol.
#
# Output seen:
#   temperature 1.5, 4 seeds: 1 text
#   temperature 1.5, 4 seeds, generation_config {"do_sample": true}: 4 texts
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q torch==2.13.0 "transformers[serving]==5.23.0" accelerate==1.15.0 numpy 2>/dev/null
cd "$work"
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 HF_HOME="$work/home"
env/bin/python - 2>errors <<'PY'
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
words = Tokenizer(models.BPE(vocab={letter: k for k, letter in enumerate(["<end>", *alphabet])}, merges=[]))
words.pre_tokenizer, words.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>")
tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
torch.manual_seed(0)
sizes = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2)
network = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), eos_token_id=None, **sizes))
network.save_pretrained("tiny/chat")
tokenizer.save_pretrained("tiny/chat")
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
env/bin/transformers serve tiny/chat --host 127.0.0.1 --port "$port" --device cpu >log 2>&1 &
server=$!
python3 - "$port" <<'PY' | tee seen
import json, sys, time, urllib.request

url = f"http://127.0.0.1:{sys.argv[1]}"
for _ in range(600):
    try:
        urllib.request.urlopen(url + "/health", timeout=2)
        break
    except OSError:
        time.sleep(0.5)


def texts(**more):
    found = set()
    for seed in range(4):
        body = {"model": "tiny/chat", "messages": [{"role": "user", "content": "Go on"}], "max_tokens": 20, "temperature": 1.5, "seed": seed}
        request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(body | more).encode(), {"Content-Type": "application/json"})
        found.add(json.load(urllib.request.urlopen(request, timeout=120))["choices"][0]["message"]["content"])
    return f"{len(found)} text{'s' if len(found) > 1 else ''}"


print("temperature 1.5, 4 seeds:", texts())
asked = json.dumps({"do_sample": True})
print(f"temperature 1.5, 4 seeds, generation_config {asked}:", texts(generation_config=asked))
PY
diff seen - <<'SEEN'
temperature 1.5, 4 seeds: 1 text
temperature 1.5, 4 seeds, generation_config {"do_sample": true}: 4 texts
SEEN
echo "As on 2026-12-01."
