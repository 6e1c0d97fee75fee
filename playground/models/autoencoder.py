"""Autoencoders: squeeze a picture through a few numbers and get it back. Trained to reconstruct, not to generate.

Hinton & Salakhutdinov 2006; denoising form: Vincent et al. 2008. Beside each size stands PCA, the best linear autoencoder of that size.
Why decoding random codes fails is shown with three ways to draw codes: N(0, I), the codes' own Gaussian, a fitted mixture (Ghosh et al.,
arXiv:1903.12436, section 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, weights
from playground.models.nets.conv import Decoder, Encoder
from playground.sampling.noise import randn
from playground.sampling.pixels import from_images, to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update, log_spaced
from playground.types import Images, Latents, ModelCard, Step

SIZES = (2, 8, 32)
MIXTURE = 20  # Gaussians in the fitted mixture of codes


class Autoencoder(nn.Module, PyTorchModelHubMixin):
    """x (n, c, side, side) -> code (n, code_size) -> x. Its buffers hold PCA of the same size and what was fitted to its codes."""

    def __init__(self, code_size: int = 32, channels: int = 24, deep: int = 96, side: int = 28, picture_channels: int = 1):
        super().__init__()
        self.code_size = code_size
        self.encoder = Encoder(code_size, channels, deep, side, picture_channels)
        self.decoder = Decoder(code_size, channels, deep, side, picture_channels)
        values, k = picture_channels * side * side, MIXTURE
        self.register_buffer("pca_mean", torch.zeros(values))
        self.register_buffer("pca_axes", torch.zeros(code_size, values))
        self.register_buffer("weights", torch.ones(k + 1))  # row 0: the codes' own Gaussian; rows 1..k: the mixture
        self.register_buffer("means", torch.zeros(k + 1, code_size))
        self.register_buffer("cholesky", torch.zeros(k + 1, code_size, code_size))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reconstruction (n, c, side, side), about in [-1, 1] (linear: a tanh saturates to black), and code (n, code_size)."""
        code = self.encoder(x)
        return self.decode(code), code

    def decode(self, code: torch.Tensor) -> torch.Tensor:
        return self.decoder(code)

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """The PCA reconstruction with as many numbers."""
        flat = x.flatten(1) - self.pca_mean
        return (flat @ self.pca_axes.T @ self.pca_axes + self.pca_mean).view_as(x)

    def fit(self, x: torch.Tensor, codes: np.ndarray, seed: int) -> None:
        """Fits PCA to pictures, and one Gaussian and a mixture of MIXTURE to their codes (scikit-learn)."""
        from sklearn.decomposition import PCA
        from sklearn.mixture import GaussianMixture

        pca = PCA(self.code_size, random_state=seed).fit(x.flatten(1).numpy())
        mixture = GaussianMixture(MIXTURE, random_state=seed, reg_covar=1e-4, init_params="k-means++").fit(codes)
        whole = np.cov(codes.T).reshape(self.code_size, self.code_size) + 1e-6 * np.eye(self.code_size)
        self.pca_mean.copy_(torch.from_numpy(pca.mean_))
        self.pca_axes.copy_(torch.from_numpy(pca.components_))
        self.weights.copy_(torch.from_numpy(np.concatenate([[1.0], mixture.weights_])))
        self.means.copy_(torch.from_numpy(np.concatenate([codes.mean(0)[None], mixture.means_])))
        self.cholesky.copy_(torch.from_numpy(np.linalg.cholesky(np.concatenate([whole[None], mixture.covariances_]))))


@dataclass(frozen=True)
class Config:
    """The recipe's settings. noise: largest standard deviation of the noise that the denoising variant is given, on the scale [-1, 1]."""

    channels: int = 24
    deep: int = 96
    noise: float = 1.5
    num_steps: int = 600
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0


class AutoencoderTrainee(Trainee):
    """Squared error of the reconstruction, for codes of each size, and for the denoising variant from noisy pictures."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        self.config, self.dataset = config, data.get(dataset)
        side, _, picture_channels = self.dataset.shape
        nets = {f"code{size}": Autoencoder(size, config.channels, config.deep, side, picture_channels) for size in SIZES}
        nets["denoiser"] = Autoencoder(SIZES[-1], config.channels, config.deep, side, picture_channels)
        nets = {name: net.to(memory_format=torch.channels_last) for name, net in nets.items()}
        optimizers = {name: torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=0.01) for name, net in nets.items()}
        super().__init__(nets, optimizers, averaged=tuple(nets))

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        found: dict[str, float | torch.Tensor] = {}
        for name, net in self.modules.items():
            x = batch.x
            if name == "denoiser":
                sigma = torch.rand(len(x), 1, 1, 1, generator=generator) * self.config.noise
                x = x + (sigma * torch.randn(x.shape, generator=generator)).to(x.device)
            loss = (net(x)[0] - batch.x).square().mean()
            update(name, loss)
            found[name] = loss.detach()
        return found

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        valid = data.load(self.dataset.name, "valid")
        net = modules["code8"]
        with torch.no_grad():
            return to_images(net(from_images(Images(valid.pixels[:16]), next(net.parameters()).device))[0])

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, Any]:
        """Fits PCA and the code distributions on 10,000 training pictures; the squared error of each on the validation split."""
        train, valid = data.load(self.dataset.name, "train"), data.load(self.dataset.name, "valid")
        device = next(modules["code2"].parameters()).device
        x, held_out = from_images(Images(train.pixels[:10_000]), "cpu"), from_images(valid, "cpu")
        facts: dict[str, Any] = {}
        for name, net in modules.items():
            with torch.no_grad():
                codes = torch.cat([net.encoder(part.to(device)).cpu() for part in x.split(500)]).double().numpy()
                net.fit(x, codes, self.config.seed)
                mine = torch.cat([net(part.to(device))[0].cpu() for part in held_out.split(500)])
                facts[name] = {
                    "squared_error": round(float((mine - held_out).square().mean()), 5),
                    "pca_squared_error": round(float((net.project(held_out.to(device)).cpu() - held_out).square().mean()), 5),
                    "code_spread": round(float(codes.std()), 3),
                }
        return facts


class AutoencoderModel:
    """The loaded autoencoders of all sizes and the denoising variant."""

    def __init__(self, card: ModelCard):
        self.nets = weights.load(card.id, **{name: Autoencoder for name in (*(f"code{size}" for size in SIZES), "denoiser")})
        self.size_bytes = weights.size_bytes(card.id)

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        code_size: str = "32",
        draw: str = "N(0, I)",
        views: Sequence[str] = (),
        **_: Any,
    ) -> Iterator[Step]:
        """Decodes random codes: from N(0, I), from the codes' own Gaussian, or from a mixture fitted to them."""
        net = self.nets[f"code{code_size}"]
        device = next(net.parameters()).device
        eps = randn((net.code_size + 1,), generators).to(device)  # the last number chooses the mixture's part
        code = eps[:, :-1]
        if draw != "N(0, I)":
            row = torch.zeros(n, dtype=torch.long, device=device)
            if draw == "mixture":
                uniform = torch.special.ndtr(eps[:, -1])
                row = 1 + torch.searchsorted(net.weights[1:].cumsum(0), uniform).clamp(max=MIXTURE - 1)
            code = net.means[row] + (net.cholesky[row] @ code[:, :, None])[:, :, 0]
        yield Step(to_images(net.decode(code)), 1, 1, 1, {"z": Latents(code.cpu().numpy())} if "z" in views else {})

    def encode(self, images: Images, code_size: int = 2) -> Latents:
        """Codes (n, code_size) of pictures."""
        net = self.nets[f"code{code_size}"]
        return Latents(net.encoder(from_images(images, next(net.parameters()).device)).cpu().numpy(), images.labels)

    def decode(self, latents: Latents) -> Images:
        """Pictures of codes; the code's size says which autoencoder."""
        net = self.nets[f"code{latents.values.shape[1]}"]
        return to_images(net.decode(torch.from_numpy(latents.values).float().to(next(net.parameters()).device)), latents.labels)

    def reconstruct(self, images: Images, variant: str = "code32", pca: bool = False) -> Images:
        """Pictures through the bottleneck and back: variant is code2, code8, code32 or denoiser; pca takes the linear one of that size."""
        net = self.nets[variant]
        x = from_images(images, next(net.parameters()).device)
        return to_images(net.project(x) if pca else net(x)[0], images.labels)


def load(card: ModelCard) -> AutoencoderModel:
    """The loader that cards name."""
    return AutoencoderModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of autoencoder-mnist: all sizes and the denoising variant in one run."""
    config = config or Config()
    return Recipe(
        card.id,
        card.dataset,
        config,
        lambda: AutoencoderTrainee(config, card.dataset),
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.995,
        warmup_steps=50,
        decay_from=0.3,
        story=log_spaced(config.num_steps, 12),
    )
