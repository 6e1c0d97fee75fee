#!/usr/bin/env bash
# transformers 5.23.0 writes, 4.57.6 reads, seen 2026-12-01.
#
# CLIPTextModel.save_pretrained of release 5 leaves out "text_model." before every key. Release 4.57 then finds none of its weights in the file
# and fills the whole network with random numbers; it says so in a warning and goes on. Release 5 reads files of both forms.
# One would guess that a file of a class is read by the class of the same name, or refused.
#
# Output seen:
#   5.23.0 writes embeddings.position_embedding.weight
#   4.57.6: same weights False
#   4.57.6, "text_model." put before each key: same weights True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for release in 5.23.0 4.57.6; do
  python3 -m venv "$work/$release"
  "$work/$release/bin/pip" install -q torch==2.13.0 "transformers==$release" numpy 2>/dev/null
done
cd "$work"
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1
./5.23.0/bin/python - 2>errors <<'PY' | tee seen
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

torch.manual_seed(0)
sizes = dict(vocab_size=50, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=8)
network = CLIPTextModel(CLIPTextConfig(**sizes)).eval()
network.save_pretrained("as-saved")
network.save_pretrained("prefixed")
found = load_file("as-saved/model.safetensors")
save_file({f"text_model.{key}": value for key, value in found.items()}, "prefixed/model.safetensors", metadata={"format": "pt"})
torch.save(network(torch.arange(8)[None]).last_hidden_state.detach(), "said.pt")
print("5.23.0 writes", min(found))
PY
./4.57.6/bin/python - 2>errors <<'PY' | tee -a seen
import torch
from transformers import CLIPTextModel

said = torch.load("said.pt")
for folder, words in (("as-saved", ""), ("prefixed", ', "text_model." put before each key')):
    network = CLIPTextModel.from_pretrained(folder).eval()
    same = torch.allclose(network(torch.arange(8)[None]).last_hidden_state, said, atol=1e-5)
    print(f"4.57.6{words}: same weights {same}")
PY
diff seen - <<'SEEN'
5.23.0 writes embeddings.position_embedding.weight
4.57.6: same weights False
4.57.6, "text_model." put before each key: same weights True
SEEN
echo "As on 2026-12-01."
