"""The function of Gradio's script that is mended: it is there, and the quick one gives what the slow one gives."""

from __future__ import annotations

import json
import random
import subprocess

from tabs import attached_events
from tests.node import NODE

CALL = """
const [ids, listeners] = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const found = [Slow, Quick].map((each) => { const tree = new each(); return ids.map((id) => tree.find_attached_events({ id, props: { shared_props: {} } }, listeners).props.shared_props.attached_events); });
console.log(JSON.stringify(found));
"""


def test_the_installed_gradio_has_the_function_that_is_mended():
    script = attached_events.mended()
    assert script is not None, "another Gradio: look whether its find_attached_events is still slow, and name its file and hash"
    assert attached_events.QUICK.encode() in script and attached_events.SLOW.encode() not in script


def test_the_quick_function_gives_what_the_slow_one_gives():
    rng = random.Random(0)
    ids = list(range(60))
    events = ["change", "click", "load", None, ""]
    listeners = [{"targets": [[rng.choice([*ids, None]), rng.choice(events)] for _ in range(rng.randrange(4))]} for _ in range(200)]
    script = f"class Slow {{{attached_events.SLOW}}}\nclass Quick {{{attached_events.QUICK}}}\n{CALL}"
    done = subprocess.run([NODE, "-e", script], input=json.dumps([ids, listeners]), capture_output=True, text=True, check=True, timeout=60)
    slow, quick = json.loads(done.stdout)
    assert slow == quick and any(slow)


def test_it_is_sent_in_place_of_gradios_own():
    assert [route.path for route in attached_events.routes()] == [f"/assets/{attached_events.NAME}"]
