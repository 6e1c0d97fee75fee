#!/usr/bin/env bash
# diffusers 0.30.3 (torch 2.13.0), seen 2026-12-01.
#
# A network that its own save_pretrained wrote into several files is read back only where accelerate is installed, which diffusers does not require:
# without it the name of the file is None, and the reading ends in a TypeError that names neither the shards nor accelerate. Release 0.35.2 reads them.
# One would guess that what a library writes it reads, or that it says what is missing.
#
# Output seen:
#   0.30.3: 2 files, TypeError: expected str, bytes or os.PathLike object, not NoneType
#   0.35.2: 2 files, read
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1
cd "$work"
for release in "0.30.3 4.46.3" "0.35.2 4.57.6"; do
  set -- $release
  python3 -m venv "$1"
  "$1/bin/pip" install -q torch==2.13.0 "diffusers==$1" "transformers==$2" numpy 2>/dev/null
  "$1/bin/python" - 2>errors <<'PY' | tee -a seen
import glob

import diffusers

network = diffusers.UNet2DModel(
    sample_size=8, block_out_channels=(8,), layers_per_block=1, norm_num_groups=4, down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",)
)
size = sum(each.numel() * each.element_size() for each in network.parameters())
network.save_pretrained("saved", max_shard_size=size * 2 // 3)
files = len(glob.glob("saved/*.safetensors"))
try:
    diffusers.UNet2DModel.from_pretrained("saved")
    print(f"{diffusers.__version__}: {files} files, read")
except TypeError as error:
    print(f"{diffusers.__version__}: {files} files, TypeError: {error}")
PY
  rm -rf saved "$1"
done
diff seen - <<'SEEN'
0.30.3: 2 files, TypeError: expected str, bytes or os.PathLike object, not NoneType
0.35.2: 2 files, read
SEEN
echo "As on 2026-12-01."
