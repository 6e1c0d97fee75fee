"""Autoencoders: squeeze a picture through a few numbers and get it back. Trained to reconstruct, not to generate.

Hinton & Salakhutdinov 2006; denoising form: Vincent et al. 2008, who also hid parts of the picture; filling such a part in: Pathak et al.,
arXiv:1604.07379 (here without their second network). Beside each size stands PCA, the best linear autoencoder of that size.
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
from playground.models.nets.conv import LARGE_SIDE, Decoder, Encoder
from playground.sampling.masks import rectangles
from playground.sampling.noise import randn, seed_of
from playground.sampling.pixels import from_images, to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update, log_spaced
from playground.types import Images, Latents, ModelCard, Step

SIZES = (2, 8, 32)
MIXTURE = 20  # Gaussians in the fitted mixture of codes


class Autoencoder(nn.Module, PyTorchModelHubMixin):
    """x (n, c, side, side) -> code (n, code_size) -> x. Its buffers hold PCA of the same size and what was fitted to its codes.

    deepest: channels of a third level, 0 for none. fitted: whether it has those buffers, which for large pictures outweigh the network.
    mapped: whether the code is a map at the smallest resolution.
    """

    def __init__(
        self,
        code_size: int = 32,
        channels: int = 24,
        deep: int = 96,
        side: int = 28,
        picture_channels: int = 1,
        deepest: int = 0,
        fitted: bool = True,
        mapped: bool = False,
    ):
        super().__init__()
        self.code_size = code_size
        self.encoder = Encoder(code_size, channels, deep, side, picture_channels, deepest=deepest, mapped=mapped)
        self.decoder = Decoder(code_size, channels, deep, side, picture_channels, deepest=deepest, mapped=mapped)
        if not fitted:
            return
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

        pca = PCA(self.code_size, random_state=seed).fit(x.flatten(1).numpy())  # by its own choice randomised for large pictures
        mixture = GaussianMixture(MIXTURE, random_state=seed, reg_covar=1e-4, init_params="k-means++").fit(codes)
        whole = np.cov(codes.T).reshape(self.code_size, self.code_size) + 1e-6 * np.eye(self.code_size)
        self.pca_mean.copy_(torch.from_numpy(pca.mean_))
        self.pca_axes.copy_(torch.from_numpy(pca.components_))
        self.weights.copy_(torch.from_numpy(np.concatenate([[1.0], mixture.weights_])))
        self.means.copy_(torch.from_numpy(np.concatenate([codes.mean(0)[None], mixture.means_])))
        self.cholesky.copy_(torch.from_numpy(np.linalg.cholesky(np.concatenate([whole[None], mixture.covariances_]))))


@dataclass(frozen=True)
class Config:
    """The recipe's settings. noise: largest standard deviation of the noise that the denoising variant is given, on the scale [-1, 1].

    deepest: channels of a third level, 0 for none. masked: share of a batch in which the denoising variant is given a picture with a
    grey rectangle in place of a noisy one. fitted: training pictures to which PCA and the distributions of codes are fitted. lean: the
    denoising variant, from whose codes nothing is drawn, is not fitted. mapped: size of the denoising variant's code as a map at the
    smallest resolution; 0 gives it a code as small as the largest of the others, which then has to remember a whole picture.
    """

    channels: int = 24
    deep: int = 96
    deepest: int = 0
    noise: float = 1.5
    masked: float = 0.0
    fitted: int = 10_000
    lean: bool = False
    mapped: int = 0
    num_steps: int = 600
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0


LARGE = Config(channels=24, deep=48, deepest=48, masked=0.5, fitted=5_000, lean=True, mapped=512, num_steps=4000, batch_size=32)
"""For pictures of more than LARGE_SIDE points a side."""


class AutoencoderTrainee(Trainee):
    """Squared error of the reconstruction, for codes of each size, and for the denoising variant from spoilt pictures."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        self.config, self.dataset = config, data.get(dataset)
        side, _, picture_channels = self.dataset.shape
        shape = (config.channels, config.deep, side, picture_channels, config.deepest)
        nets = {f"code{size}": Autoencoder(size, *shape) for size in SIZES}
        nets["denoiser"] = Autoencoder(config.mapped or SIZES[-1], *shape, fitted=not config.lean, mapped=bool(config.mapped))
        nets = {name: net.to(memory_format=torch.channels_last) for name, net in nets.items()}
        optimizers = {name: torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=0.01) for name, net in nets.items()}
        super().__init__(nets, optimizers, averaged=tuple(nets))

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        found: dict[str, float | torch.Tensor] = {}
        for name, net in self.modules.items():
            x = batch.x
            if name == "denoiser":
                x = self.spoilt(x, generator)
            loss = (net(x)[0] - batch.x).square().mean()
            update(name, loss)
            found[name] = loss.detach()
        return found

    def spoilt(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """x (n, c, side, side) with N(0, sigma^2) added, sigma uniform for each picture; in the first round(masked n) a grey rectangle instead."""
        sigma = torch.rand(len(x), 1, 1, 1, generator=generator) * self.config.noise
        noisy = x + (sigma * torch.randn(x.shape, generator=generator)).to(x.device)
        masked = round(self.config.masked * len(x))
        if not masked:
            return noisy
        hidden = torch.from_numpy(rectangles(torch.rand(masked, 4, generator=generator).numpy(), x.shape[-1])).to(x.device)
        return torch.cat([x[:masked].masked_fill(hidden[:, None], 0.0), noisy[masked:]])

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        valid = data.load(self.dataset.name, "valid")
        net = modules["code8"]
        with torch.no_grad():
            return to_images(net(from_images(Images(valid.pixels[:16]), next(net.parameters()).device))[0])

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, Any]:
        """Fits PCA and the code distributions on training pictures; the squared error of each on the validation split."""
        train, valid = data.load(self.dataset.name, "train"), data.load(self.dataset.name, "valid")
        device = next(modules["code2"].parameters()).device
        x, held_out = from_images(Images(train.pixels[: self.config.fitted]), "cpu"), from_images(valid, "cpu")
        facts: dict[str, Any] = {}
        for name, net in modules.items():
            with torch.no_grad():
                mine = torch.cat([net(part.to(device))[0].cpu() for part in held_out.split(500)])
                facts[name] = {"squared_error": round(float((mine - held_out).square().mean()), 5)}
                if name == "denoiser" and self.config.lean:
                    continue
                codes = torch.cat([net.encoder(part.to(device)).cpu() for part in x.split(500)]).double().numpy()
                net.fit(x, codes, self.config.seed)
                linear = torch.cat([net.project(part.to(device)).cpu() for part in held_out.split(500)])
                facts[name]["pca_squared_error"] = round(float((linear - held_out).square().mean()), 5)
                facts[name]["code_spread"] = round(float(codes.std()), 3)
        if self.config.masked:
            facts["denoiser"] |= self.repaired(modules, held_out)
        return facts

    def repaired(self, modules: Mapping[str, nn.Module], x: torch.Tensor) -> dict[str, float]:
        """The squared error over what a rectangle hides of pictures x (n, c, side, side): of the denoising variant, and of the mean picture."""
        net, mean = modules["denoiser"], modules[f"code{SIZES[-1]}"].pca_mean.cpu().view(1, *x.shape[1:])
        device = next(net.parameters()).device
        u = np.random.default_rng(seed_of(self.config.seed, "hidden")).random((len(x), 4))
        hidden = torch.from_numpy(rectangles(u, x.shape[-1]))[:, None]
        with torch.no_grad():
            given = x.masked_fill(hidden, 0.0).split(500)
            mine = torch.cat([net(part.to(device))[0].cpu() for part in given])
        errors = {"repaired_squared_error": mine - x, "mean_squared_error": mean - x}
        return {name: round(float(error.square().mean(1, keepdim=True)[hidden].mean()), 5) for name, error in errors.items()}


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
        """Pictures through the bottleneck and back: variant is code2, code8, code32 or denoiser; pca takes the linear one of that size.

        variant "mean" gives the mean of the training pictures whatever it is given: what PCA says with no numbers at all.
        """
        net = self.nets[f"code{SIZES[-1]}" if variant == "mean" else variant]
        x = from_images(images, next(net.parameters()).device)
        if variant == "mean":
            return to_images(net.pca_mean.view(1, *x.shape[1:]).expand_as(x), images.labels)
        return to_images(net.project(x) if pca else net(x)[0], images.labels)


def load(card: ModelCard) -> AutoencoderModel:
    """The loader that cards name."""
    return AutoencoderModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of an autoencoder: all sizes and the denoising variant in one run; larger pictures get a third level and masks."""
    config = config or (LARGE if data.get(card.dataset).shape[0] > LARGE_SIDE else Config())
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
