"""The shipped folders in environments of their own: older releases of diffusers and transformers give the same, and ctranslate2 opens what it makes of them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from playground import run, weights
from tests import environments
from tests.conftest import ROOT
from tests.lazy import lazy

portable_folders = lazy("tests.portable_folders")

pytestmark = pytest.mark.nightly

TORCH = "torch==2.13.0"
OLDER = {
    "4.57": ("transformers==4.57.*", "diffusers==0.35.*", "accelerate==1.15.0"),
    "4.46": ("transformers==4.46.*", "diffusers==0.30.*", "accelerate==1.0.1"),
}
TEXTS = {"gpt-shakespeare": "ROMEO:\n", "gpt-chorales": "kfYMkfYM"}
CONVERTED = """
import sys, ctranslate2, transformers
generator, tokenizer = ctranslate2.Generator(sys.argv[1]), transformers.AutoTokenizer.from_pretrained(sys.argv[2])
prompt = tokenizer.convert_ids_to_tokens(tokenizer.encode(sys.argv[3]))
options = dict(max_length=40, sampling_topk=1, include_prompt_in_result=False)
print(repr(tokenizer.decode(generator.generate_batch([prompt], **options)[0].sequences_ids[0])))
"""


def asked(python: Path | str, out: Path) -> dict[str, np.ndarray]:
    """What all folders say in an environment."""
    environments.run(Path(python), ROOT / "tests" / "portable_folders.py", weights.WEIGHTS, out)
    with np.load(out) as found:
        return dict(found)


@pytest.fixture(scope="module")
def current(tmp_path_factory) -> dict[str, np.ndarray]:
    """What all folders say with the releases that requirements.txt pins."""
    return asked(sys.executable, tmp_path_factory.mktemp("current") / "said.npz")


@pytest.mark.parametrize("release", OLDER)
def test_each_shipped_folder_gives_the_same_text_and_picture_with_an_older_release(release: str, current: dict, tmp_path: Path):
    older = asked(environments.make(tmp_path / "environment", TORCH, *OLDER[release]), tmp_path / "said.npz")
    assert older.pop("versions")[0].startswith(release)
    expected = {name: value for name, value in current.items() if name != "versions"}
    assert older.keys() == expected.keys() and len(portable_folders.folders(weights.WEIGHTS)) >= 9
    for name, value in expected.items():
        if value.dtype.kind == "f":
            np.testing.assert_allclose(older[name], value, atol=1e-4, err_msg=name)
        else:
            np.testing.assert_array_equal(older[name], value, err_msg=name)


def test_what_ctranslate2_converts_opens_and_writes_as_we_do(tmp_path: Path):
    python = environments.make(tmp_path / "environment", TORCH, "ctranslate2==4.8.5", "transformers==5.23.0")
    for card_id, prompt in TEXTS.items():
        folder, out = weights.folder(card_id), tmp_path / card_id
        converter = python.parent / "ct2-transformers-converter"
        environments.run(python, converter, "--model", folder, "--output_dir", out)
        said = environments.run(python, "-c", CONVERTED, out, folder, prompt)
        own = run.sample(card_id, 1, 0, prompt=prompt, max_new_tokens=40, temperature=0).samples.texts[0]
        assert said.strip().splitlines()[-1] == repr(own), card_id
