"""Cards of the diffusion models."""

from dataclasses import replace

from playground import data
from playground.controls import Adjust, Choice, Given, Label, Prompt, Slider
from playground.types import ModelCard

FACES = data.get("faces")
PAPER = "Ho et al. 2020, Denoising diffusion probabilistic models, arXiv:2006.11239"
STEPS = Slider("num_inference_steps", "Steps", 10, 1, 250, 1, integer=True, help="Network calls from noise to picture.")
GUIDANCE = Slider(
    "guidance_scale",
    "Guidance",
    1.8,
    0.0,
    8.0,
    0.1,
    help="1: the model as trained. Above: what is asked for counts for more, variety for less, and a guided step costs two calls.",
)
GUIDANCE_START = Slider(
    "guidance_start",
    "Guidance from",
    0.2,
    0.0,
    1.0,
    0.05,
    help="Where on the way from noise (0) to picture (1) guidance begins; before, a step costs one call.",
)
GUIDANCE_STOP = Slider(
    "guidance_stop",
    "Guidance until",
    0.7,
    0.0,
    1.0,
    0.05,
    help="Where it ends. In the middle alone, it keeps more variety; with from above until, no step is guided.",
)
SCHEDULER = Choice("scheduler", "Scheduler", "DPM-Solver++", ("DDPM", "DDIM", "DPM-Solver++", "UniPC"), help="How a step is taken.")
ETA = Slider("eta", "Eta", 0.0, 0.0, 1.0, 0.05, help="DDIM only: fresh noise at every step, from none to as much as DDPM.")
STRENGTH = Slider(
    "strength",
    "Strength",
    1.0,
    0.05,
    1.0,
    0.05,
    help="How far the given picture is noised before it is denoised: near 0 keeps it, 1 forgets it.",
)

SOLVER = Choice(
    "solver",
    "Solver",
    "Heun",
    ("Euler", "Heun"),
    help="Euler: straight on, one call a step. Heun: looks where that leads, two calls, a curve.",
)
SHIFT = Slider("shift", "Shift", 1.0, 0.5, 6.0, 0.1, help="Above 1: smaller steps near the noise, where a picture's layout is decided.")
FLOW_PAPER = "Lipman et al. 2022, Flow matching for generative modeling, arXiv:2210.02747"
FLOW_FACTS = {
    "architecture": "The diffusion model's U-Net, told the same",
    "training": "One loss: guess the straight way from the noise to the picture",
    "latent_space": "The noise itself, as large as the picture; the straighter its ways, the fewer calls they take",
    "likelihood": "Exact through the flow's divergence; not computed here",
    "stability": "One regression loss; trains without tricks",
    "control": "As the diffusion model, with another solver",
    "uses": "Stable Diffusion 3, FLUX, sound, proteins",
}

STABLE_DIFFUSION = ModelCard(
    id="stable-diffusion-faces",
    family="diffusion",
    title="Stable Diffusion of toy faces",
    kind="image",
    dataset="faces",
    can=frozenset({"sample"}),
    paper="Rombach et al. 2022, High-resolution image synthesis with latent diffusion models, arXiv:2112.10752",
    controls=(
        Prompt(
            "prompt",
            "Prompt",
            "a young person with curly red hair and round glasses, laughing",
            presets=(
                "an old person with a greying black bob, smiling",
                "frowning: a middle-aged face in a beanie with a full beard and gold earrings",
                "a young laughing person with a blond mohawk, square glasses and blue eyes, lilac background",
                "an old person with a bald head, a moustache and deep brown skin, looking calm, mint background",
            ),
            help="What to draw, in the words of its captions. Empty: whatever comes.",
        ),
        Prompt("negative_prompt", "Negative prompt", help="What guidance should lead away from."),
        replace(STEPS, default=12),
        replace(
            GUIDANCE,
            default=2.5,
            help="1: the model as trained. Above: the prompt counts for more, variety for less, and a step costs two calls.",
        ),
        SCHEDULER,
        ETA,
        Given("given", "Start from", "image", FACES.shape, help="A face to be noised and changed towards the prompt."),
        Given(
            "mask",
            "Repaint",
            "image",
            FACES.shape,
            help="White where that face is to be repainted; what is black or transparent stays as it is.",
            masks="given",
        ),
        STRENGTH,
    ),
    views=("x_t", "x_0", "attention"),
    chunk=32,
    load="playground.models.stable_diffusion:load",
    recipe="playground.models.stable_diffusion:recipe",
    facts={
        "architecture": "Three networks: a text transformer, a U-Net on a code of 16 × 16 × 8 numbers, and the decoder that paints it",
        "training": "First the code (give the picture back), then one loss: guess the noise in the code, given the caption",
        "latent_space": "The code's noise, a sixth of the picture's numbers",
        "control": "Words with guidance, and words to lead away from",
    },
)

FLOW_MNIST = ModelCard(
    id="flow-mnist",
    family="diffusion",
    title="Flow matching",
    kind="image",
    dataset="mnist",
    can=frozenset({"sample"}),
    paper=FLOW_PAPER,
    controls=(
        Label("label", "Digit", tuple("0123456789"), help="What to draw. Any: drawn from the seed."),
        replace(STEPS, default=5),  # as many calls as diffusion-mnist takes
        replace(GUIDANCE, default=1.6),
        GUIDANCE_START,
        GUIDANCE_STOP,
        SOLVER,
        SHIFT,
        Given("given", "Start from", "image", (28, 28, 1), help="A digit to be noised and denoised again."),
        STRENGTH,
    ),
    views=("x_t", "x_0", "way"),
    chunk=64,
    load="playground.models.flow:load",
    recipe="playground.models.flow:recipe",
    facts=FLOW_FACTS,
)
FLOW_FACES = ModelCard(
    id="flow-faces",
    family="diffusion",
    title="Flow matching of toy faces",
    kind="image",
    dataset="faces",
    can=frozenset({"sample", "sketch"}),
    paper=FLOW_PAPER,
    controls=(
        Label("label", "Hairstyle", FACES.labels, help="What to draw. Any: drawn from the seed."),
        replace(STEPS, default=8),
        replace(GUIDANCE, default=1.5),
        GUIDANCE_START,
        GUIDANCE_STOP,
        SOLVER,
        replace(SHIFT, default=4.0),
        Given("given", "Start from", "image", FACES.shape, help="A face to be noised and denoised again."),
        STRENGTH,
        *(Adjust(factor) for factor in FACES.factors if factor.name != FACES.label_factor),
    ),
    views=("x_t", "x_0", "way"),
    chunk=64,
    load="playground.models.flow:load",
    recipe="playground.models.flow:recipe",
    facts=FLOW_FACTS,
)

FLOW_MAP_FACES = replace(
    FLOW_FACES,
    id="flowmap-faces",
    title="Flow map of toy faces",
    paper="Boffi et al. 2024, Flow map matching, arXiv:2406.07507",
    controls=(
        Label("label", "Hairstyle", FACES.labels, help="What to draw. Any: drawn from the seed."),
        Slider("num_inference_steps", "Steps", 4, 1, 4, 1, integer=True, help="Network calls from noise to picture: one to a step."),
        Given("given", "Start from", "image", FACES.shape, help="A face to be noised and denoised again."),
        STRENGTH,
        *(Adjust(factor) for factor in FACES.factors if factor.name != FACES.label_factor),
    ),
    load="playground.models.flow_map:load",
    recipe="playground.models.flow_map:recipe",
    facts={
        "architecture": "The flow's U-Net, also told where a jump ends",
        "training": "Learnt from another model: where the flow's own ways lead, between their stops",
        "latent_space": "The noise itself, as large as the picture; one way through it for each picture, as the flow's",
        "likelihood": "None",
        "stability": "One regression loss; as good as its teacher at best",
        "control": "As the flow, whose guidance it has learnt once for all",
        "uses": "Live drawing: SDXL Turbo, latent consistency models, FLUX schnell",
    },
)

CARDS = (
    ModelCard(
        id="diffusion-mnist",
        family="diffusion",
        title="Diffusion",
        kind="image",
        dataset="mnist",
        can=frozenset({"sample", "decode"}),
        paper=PAPER,
        controls=(
            Label("label", "Digit", tuple("0123456789"), help="What to draw. Any: drawn from the seed."),
            STEPS,
            GUIDANCE,
            GUIDANCE_START,
            GUIDANCE_STOP,
            SCHEDULER,
            ETA,
            Given("given", "Start from", "image", (28, 28, 1), help="A digit to be noised and denoised again."),
            STRENGTH,
        ),
        views=("x_t", "x_0", "way", "z"),
        chunk=64,
        load="playground.models.diffusion:load",
        recipe="playground.models.diffusion:recipe",
        facts={
            "architecture": "A U-Net that is asked again and again",
            "training": "One loss: guess the noise that was added to a real picture",
            "latent_space": "The noise itself, as large as the picture; not ordered by meaning",
            "likelihood": "A lower bound, or exact through the probability flow; not computed here",
            "stability": "One regression loss; trains without tricks",
            "control": "Label with guidance, number of steps, start from a given picture",
            "uses": "Text to image, inpainting, image editing, video, molecules",
        },
    ),
    ModelCard(
        id="diffusion-faces",
        family="diffusion",
        title="Diffusion of toy faces",
        kind="image",
        dataset="faces",
        can=frozenset({"sample", "sketch"}),
        paper=PAPER,
        controls=(
            Label("label", "Hairstyle", FACES.labels, help="What to draw. Any: drawn from the seed."),
            replace(STEPS, default=20),
            replace(GUIDANCE, default=1.5),
            replace(GUIDANCE_START, default=0.15),
            replace(GUIDANCE_STOP, default=0.4),
            SCHEDULER,
            ETA,
            Given("given", "Start from", "image", FACES.shape, help="A face to be noised and denoised again."),
            STRENGTH,
            *(Adjust(factor) for factor in FACES.factors if factor.name != FACES.label_factor),
        ),
        views=("x_t", "x_0", "way"),
        chunk=64,
        load="playground.models.diffusion:load",
        recipe="playground.models.diffusion:recipe",
        facts={
            "architecture": "A U-Net on patches of 4 x 4 points that is asked again and again",
            "training": "One loss: guess the noise that was added to a real picture; of each face some features are told, the others hidden",
            "control": "Any of the known features told (age, smile, glasses, ...) with guidance, the others left to chance",
        },
    ),
    FLOW_MNIST,
    FLOW_FACES,
    FLOW_MAP_FACES,
    STABLE_DIFFUSION,
)
