#!/usr/bin/env bash
# accelerate 1.15.0 (torch 2.13.0), seen 2026-12-01.
#
# `accelerate launch --cpu --num_processes 2` starts one process, without a word: on processors the launcher runs the script directly and
# --num_processes counts for nothing. `--multi_gpu --num_processes 2` on a machine without a GPU starts two, and each takes itself for
# process 0 of 1. Two that know each other: ACCELERATE_USE_CPU=true with --multi_gpu, though its name says GPU.
# One would guess that a number of processes is kept to or refused, and that processes which were started together know each other.
#
# Output seen:
#   --cpu: 1 process: 0 of 1
#   --multi_gpu: 2 processes: 0 of 1, 0 of 1
#   ACCELERATE_USE_CPU=true --multi_gpu: 2 processes: 0 of 2, 1 of 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q torch==2.13.0 accelerate==1.15.0 numpy 2>/dev/null
cd "$work"
cat > script.py <<'PY'
from accelerate import Accelerator
state = Accelerator().state
print(f"SAW {state.process_index} of {state.num_processes}", flush=True)
PY
export HF_HOME="$work/home" OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES="" NO_COLOR=1
saw() {
  local name=$1
  shift
  local rows
  rows=$("$@" script.py 2>"$work/errors" | grep -o 'SAW .*' | sed 's/SAW //' | sort)
  local count
  count=$(wc -l <<<"$rows")
  local line="$name: $count process$([ "$count" = 1 ] || echo es): $(paste -sd, <<<"$rows" | sed 's/,/, /g')"
  echo "$line"
  echo "$line" >>"$work/seen"
}
launch="$work/env/bin/accelerate launch --main_process_port 0"
saw "--cpu" $launch --cpu --num_processes 2
saw "--multi_gpu" $launch --multi_gpu --num_processes 2
saw "ACCELERATE_USE_CPU=true --multi_gpu" env ACCELERATE_USE_CPU=true $launch --multi_gpu --num_processes 2
diff "$work/seen" - <<'SEEN'
--cpu: 1 process: 0 of 1
--multi_gpu: 2 processes: 0 of 1, 0 of 1
ACCELERATE_USE_CPU=true --multi_gpu: 2 processes: 0 of 2, 1 of 2
SEEN
echo "As on 2026-12-01."
