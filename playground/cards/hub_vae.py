"""Cards of autoencoders of pictures whose weights lie on the Hugging Face Hub: what Stable Diffusion works on the codes of."""

from playground.types import HubRepo, ModelCard

FILES = ("config.json", "diffusion_pytorch_model.safetensors")
NOT_SAVED = "photographs are repainted in memory and kept nowhere"

SD_VAE = ModelCard(
    id="sd-vae-ft-mse",
    family="vae",
    title="Stable Diffusion's VAE",
    kind="image",
    dataset="laion-humans",
    can=frozenset({"encode", "decode", "reconstruct"}),
    paper="Rombach et al. 2022, High-resolution image synthesis with latent diffusion models, arXiv:2112.10752",
    licence="MIT",
    chunk=1,
    load="playground.models.picture_codec:load",
    facts={
        "architecture": "Convolutions down to an eighth of each side and up again, 84 million parameters",
        "training": "Squared error, likeness to the eye (LPIPS), a critic as a GAN has, and very little of the KL",
        "latent_space": "Four numbers for each 8 × 8 points: a map, not a vector. Codes drawn at random give no picture",
        "uses": "The painter of Stable Diffusion",
    },
    hub=HubRepo(
        "stabilityai/sd-vae-ft-mse",
        FILES,
        licence_url="https://huggingface.co/stabilityai/sd-vae-ft-mse",
        size_bytes=335_000_000,
        memory_bytes=3_000_000_000,
        seconds=(4, 2),
        shape=(256, 256, 3),
        warning=NOT_SAVED,
    ),
)
TAESD = ModelCard(
    id="taesd",
    family="vae",
    title="TAESD, the tiny one",
    kind="image",
    dataset="laion",
    can=SD_VAE.can,
    paper="Bohan 2023, Tiny AutoEncoder for Stable Diffusion, github.com/madebyollin/taesd",
    licence="MIT",
    chunk=1,
    load=SD_VAE.load,
    facts={
        "architecture": "The same code from 64 channels and no attention, 2.4 million parameters",
        "training": "To paint the codes of Stable Diffusion's VAE as that does, and to write them as it does",
        "latent_space": "The same four numbers for each 8 × 8 points, without a margin: an autoencoder, not a VAE",
        "uses": "Looks at the steps of Stable Diffusion on the way",
    },
    hub=HubRepo(
        "madebyollin/taesd",
        FILES,
        licence_url="https://github.com/madebyollin/taesd/blob/main/LICENSE",
        size_bytes=9_800_000,
        memory_bytes=500_000_000,
        seconds=(0.3, 0.2),
        shape=(256, 256, 3),
        warning=NOT_SAVED,
    ),
)

CARDS = (SD_VAE, TAESD)
