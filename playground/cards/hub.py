"""Cards of models whose weights lie on the Hugging Face Hub.

Sizes are those of the weights in float16 (two bytes a parameter, which a test counts); no preset names a person or an artist.
"""

from dataclasses import replace

from playground.cards.diffusion import ETA, GUIDANCE, SCHEDULER, STEPS
from playground.controls import Choice, Prompt
from playground.types import HubRepo, ModelCard

FILES = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.fp16.safetensors",
    "tokenizer/*.json",
    "tokenizer/merges.txt",
    "tokenizer/vocab.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.fp16.safetensors",
)
"""Of a StableDiffusionPipeline in float16, without its safety checker."""

PROMPT = Prompt(
    "prompt",
    "Prompt",
    "a red fox in fresh snow at sunrise, photograph",
    presets=(
        "a red fox in fresh snow at sunrise, photograph",
        "a teapot in the shape of a castle, studio light",
        "a lighthouse in a storm, watercolour",
        "an astronaut's boots on a doormat, morning light",
    ),
    help="What to draw, in plain English.",
)
NEGATIVE = Prompt("negative_prompt", "Negative prompt", help="What guidance should lead away from.")
DECODER = Choice(
    "decoder",
    "Decoder",
    "tiny",
    ("tiny", "full"),
    help="Who paints the finished code: a tiny decoder that learnt it from the full one, at a glance nearly as good, or the full one, many times as slow.",
)
SIZE = Choice(
    "size",
    "Size",
    "square",
    ("square", "tall", "wide", "small"),
    help="512 × 512 points, 384 × 640, 640 × 384, or 256 × 256. It was trained on squares of 512; elsewhere it may repeat itself.",
)
FACTS = {
    "architecture": "As the small one here: a text transformer, a U-Net on a code of 64 × 64 × 4 numbers, and the decoder that paints 512 × 512 points",
    "latent_space": "The code's noise, a forty-eighth of the picture's numbers",
    "uses": "Pictures from a sentence; the start of thousands of fine-tuned models",
}

SD_TURBO = ModelCard(
    id="sd-turbo",
    family="diffusion",
    title="SD-Turbo",
    kind="image",
    dataset="laion-5b",
    can=frozenset({"sample"}),
    paper="Sauer et al. 2023, Adversarial diffusion distillation, arXiv:2311.17042",
    licence="Stability AI Community License",
    controls=(
        PROMPT,
        NEGATIVE,
        replace(STEPS, default=1, maximum=4, help="Network calls from noise to picture; it was made for one to four."),
        replace(GUIDANCE, default=1.0, maximum=3.0, help="1, off: how it was made to be used. Above, a step costs two calls."),
        replace(SCHEDULER, default="DDIM", help="How a step is taken. DDIM steps as the Euler scheduler that it comes with."),
        ETA,
        SIZE,
        DECODER,
    ),
    views=("x_t", "x_0"),
    chunk=1,
    load="playground.models.stable_diffusion:load",
    facts=FACTS
    | {
        "training": "Stable Diffusion 2.1, taught by itself and by a discriminator to do in one to four calls what took it fifty",
        "control": "Words; no guidance",
    },
    hub=HubRepo(
        "stabilityai/sd-turbo",
        FILES,
        licence_url="https://stability.ai/license",
        size_bytes=2_580_000_000,
        memory_bytes=7_000_000_000,
        seconds=(4, 0.5),
        shape=(512, 512, 3),
        variant="fp16",
        halves=True,
        comes_with=("taesd",),
    ),
)
STABLE_DIFFUSION_1_5 = replace(
    SD_TURBO,
    id="stable-diffusion-1-5",
    title="Stable Diffusion 1.5",
    paper="Rombach et al. 2022, High-resolution image synthesis with latent diffusion models, arXiv:2112.10752",
    licence="CreativeML OpenRAIL-M",
    controls=(
        PROMPT,
        NEGATIVE,
        replace(STEPS, default=20, maximum=50),
        replace(GUIDANCE, default=7.5),
        SCHEDULER,
        ETA,
        SIZE,
        replace(DECODER, default="full"),
    ),
    facts=FACTS
    | {
        "training": "The same losses, on pictures of the web with their captions; the text transformer is CLIP's, as it was",
        "control": "Words with guidance, and words to lead away from",
    },
    hub=replace(
        SD_TURBO.hub,
        repo_id="stable-diffusion-v1-5/stable-diffusion-v1-5",
        licence_url="https://huggingface.co/spaces/CompVis/stable-diffusion-license",
        size_bytes=2_130_000_000,
        memory_bytes=6_000_000_000,
        seconds=(4, 10),
    ),
)
SDXS = replace(
    SD_TURBO,
    id="sdxs-512",
    title="SDXS 512",
    paper="Song et al. 2024, SDXS: Real-time one-step latent diffusion models with image conditions, arXiv:2403.16627",
    licence="CreativeML OpenRAIL++",
    controls=(
        PROMPT,
        replace(STEPS, default=1, maximum=4, help="Network calls from noise to picture; it was made for one."),
        replace(SCHEDULER, default="DDIM"),
        SIZE,
    ),
    facts=FACTS
    | {
        "architecture": "A U-Net of a third of the size on the same code, and a tiny decoder: what can be left out of Stable Diffusion",
        "training": "Taught by Stable Diffusion to give in one call what that gives in many",
        "control": "Words; no guidance",
    },
    hub=replace(
        SD_TURBO.hub,
        repo_id="IDKiro/sdxs-512-dreamshaper",
        files=tuple(name.replace(".fp16", "") for name in FILES),
        licence_url="https://huggingface.co/IDKiro/sdxs-512-dreamshaper",
        size_bytes=1_760_000_000,
        memory_bytes=4_000_000_000,
        seconds=(1.5, 0.5),
        variant=None,
        comes_with=(),
    ),
)
DDPM_FILES = ("model_index.json", "*scheduler_config.json", "*config.json", "*diffusion_pytorch_model.safetensors")
"""Of a DDPMPipeline; older repositories hold its parts beside each other in one folder."""

DDPM_MNIST = ModelCard(
    id="ddpm-mnist",
    family="diffusion",
    title="DDPM of digits",
    kind="image",
    dataset="mnist",
    can=frozenset({"sample"}),
    paper="Ho et al. 2020, Denoising diffusion probabilistic models, arXiv:2006.11239",
    licence="MIT",
    controls=(replace(STEPS, default=20), SCHEDULER, ETA),
    views=("x_t", "x_0"),
    load="playground.models.unconditional:load",
    facts={
        "architecture": "diffusers' U-Net as it stands, about a million parameters",
        "training": "One loss: guess the noise in the picture. It was never told which digit it is",
        "latent_space": "The noise itself, as large as the picture",
        "control": "None: what comes is up to the noise",
    },
    hub=HubRepo(
        "1aurent/ddpm-mnist",
        DDPM_FILES,
        licence_url="https://huggingface.co/1aurent/ddpm-mnist",
        size_bytes=4_300_000,
        memory_bytes=300_000_000,
        seconds=(0.03, 0),
        shape=(28, 28, 1),
        visitor_n=64,
        warning="it draws digits and nothing else",
        public=True,
    ),
)
DDPM_CIFAR10 = replace(
    DDPM_MNIST,
    id="ddpm-cifar10-32",
    title="DDPM of small photographs (CIFAR-10)",
    dataset="cifar10",
    licence="Apache 2.0",
    chunk=8,
    facts=DDPM_MNIST.facts
    | {
        "architecture": "The U-Net of the paper that began it: attention at 16 × 16, 36 million parameters",
        "training": "One loss: guess the noise in the picture, on 50,000 photographs of 32 × 32 points",
    },
    hub=replace(
        DDPM_MNIST.hub,
        repo_id="google/ddpm-cifar10-32",
        licence_url="https://huggingface.co/google/ddpm-cifar10-32",
        size_bytes=143_000_000,
        memory_bytes=1_000_000_000,
        seconds=(0.15, 0),
        shape=(32, 32, 3),
        visitor_n=16,
        warning="it draws photographs of 32 × 32 points: animals and vehicles",
    ),
)

STABLE = (SDXS, SD_TURBO, STABLE_DIFFUSION_1_5)
CARDS = (DDPM_MNIST, DDPM_CIFAR10, *STABLE)
