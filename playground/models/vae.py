"""VAE: an encoder proposes a distribution of codes, a decoder a distribution of pictures; trained on a bound of the likelihood.

Kingma & Welling, arXiv:1312.6114; conditional form: Sohn et al. 2015. Bernoulli or Gaussian likelihood per pixel. What is drawn is the decoder's
mean, not a sample of its pixel noise: that is part of the blur.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, registry, weights
from playground.controls import Choice, Slider
from playground.models.nets.conv import LARGE_SIDE, Decoder, Encoder
from playground.sampling import latents
from playground.sampling.noise import generators as sample_generators
from playground.sampling.noise import randn
from playground.sampling.pixels import from_images, to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update, log_spaced
from playground.types import Images, Latents, ModelCard, Step


class VAE(nn.Module, PyTorchModelHubMixin):
    """Encoder q(z | x, y) and decoder p(x | z, y); class index `classes` means that y is unknown."""

    def __init__(
        self,
        z_size: int = 16,
        channels: int = 32,
        deep: int = 128,
        classes: int = 10,
        side: int = 28,
        picture_channels: int = 1,
        blocks: int = 1,
        deepest: int = 0,
        factor_columns: int = 0,
    ):
        super().__init__()
        self.z_size, self.classes = z_size, classes
        self.embed = nn.Embedding(classes + 1, 16)
        self.encoder = Encoder(128, channels, deep, side, picture_channels, blocks, deepest)
        self.moments = nn.Sequential(nn.Linear(128 + 16, 256), nn.SiLU(), nn.Linear(256, 2 * z_size))
        self.expand = nn.Sequential(nn.Linear(z_size + 16, 128), nn.SiLU())
        self.decoder = Decoder(128, channels, deep, side, picture_channels, blocks, deepest)
        if factor_columns:  # all are fitted after training by sampling.latents; with Config.known the readout learns before, too
            self.register_buffer("directions", torch.zeros(factor_columns, z_size))
            self.register_buffer("calibration", torch.from_numpy(latents.KNOTS).repeat(factor_columns, 1))
            self.readout = nn.Parameter(torch.zeros(z_size + 1, factor_columns))

    def encode(self, x: torch.Tensor, label: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """mu, logvar of q(z | x, y), each (n, z_size)."""
        mu, logvar = self.moments(torch.cat([self.encoder(x), self.embed(label)], 1)).chunk(2, 1)
        return mu, logvar.clamp(-12.0, 6.0)

    def decode(self, z: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """Logits of the Bernoulli means, (n, c, side, side)."""
        return self.decoder(self.expand(torch.cat([z, self.embed(label)], 1)))

    def forward(self, x: torch.Tensor, label: torch.Tensor, eps: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """logits, mu, logvar with z = mu + exp(logvar / 2) eps (the reparametrisation trick), and the factors read off z, if there are any."""
        mu, logvar = self.encode(x, label)
        z = mu + (0.5 * logvar).exp() * eps
        read = (z @ self.readout[:-1] + self.readout[-1],) if hasattr(self, "readout") else ()
        return self.decode(z, label), mu, logvar, *read


def kl_per_dimension(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) in nats, per sample and dimension (n, z_size); Kingma & Welling, appendix B."""
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar)


@dataclass(frozen=True)
class Config:
    """The recipe's settings. unknown: share of the training pictures whose label is hidden. beta weighs the KL term (1: the bound).

    deepest: channels of a third level, 0 for none. sigma: standard deviation of a Gaussian likelihood on the scale [0, 1] in place of
    the Bernoulli one, which hardly tells one mid-tone from another; 0 keeps the Bernoulli. known: weight of the squared error with
    which the known factors are read off the code by straight lines, so that the code keeps them in that form (in the manner of
    arXiv:2006.10102); 0 leaves them to the reconstruction.
    """

    z_size: int = 16
    channels: int = 32
    deep: int = 128
    deepest: int = 0
    blocks: int = 1
    beta: float = 1.0
    sigma: float = 0.0
    known: float = 0.0
    unknown: float = 0.2
    num_steps: int = 4500
    batch_size: int = 64
    learning_rate: float = 1.5e-3
    seed: int = 0


LARGE = Config(z_size=64, channels=24, deep=64, deepest=160, sigma=0.1, known=40.0, num_steps=8000)
"""For pictures of more than LARGE_SIDE points a side."""
ROUNDS = 3  # of moving a code towards known factors
FITTED = 10_000  # training samples from whose codes the directions are fitted
MOVED = 100  # codes that are moved to see what a reader makes of it


class VAETrainee(Trainee):
    """The negative evidence lower bound in nats a picture."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        about = data.get(dataset)
        side, _, picture_channels = about.shape
        moved = latents.adjustable(about)
        net = VAE(
            config.z_size,
            config.channels,
            config.deep,
            len(about.labels),
            side,
            picture_channels,
            config.blocks,
            config.deepest,
            latents.column_count(moved),
        ).to(memory_format=torch.channels_last)
        super().__init__(
            {"vae": net}, {"vae": torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=0.01)}, averaged=("vae",)
        )
        self.config, self.dataset, self.moved = config, about, moved

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        hidden = torch.rand(len(batch), generator=generator).to(batch.x.device) < self.config.unknown
        label = torch.where(hidden, len(self.dataset.labels), batch.label)
        eps = torch.randn(len(batch), self.config.z_size, generator=generator).to(batch.x.device)
        logits, mu, logvar, *read = self.modules["vae"](batch.x, label, eps)
        x = (batch.x + 1) / 2
        if self.config.sigma:
            pixels = (logits.sigmoid() - x).square() / (2 * self.config.sigma**2)  # up to a constant of the density
        else:
            pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        reconstruction = pixels.sum((1, 2, 3)).mean()
        kl = kl_per_dimension(mu, logvar).sum(1).mean()
        loss = reconstruction + self.config.beta * kl
        found = {"negative_elbo": (reconstruction + kl).detach(), "reconstruction": reconstruction.detach(), "kl": kl.detach()}
        if read:
            truth = latents.columns(self.moved, {name: value.cpu().numpy() for name, value in batch.factors.items()})
            error = (read[0] - torch.from_numpy(truth).to(batch.x.device)).square().sum(1).mean()
            loss = loss + self.config.known * error
            found["read"] = error.detach()
        update("vae", loss)
        return found

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        net = modules["vae"]
        device = next(net.parameters()).device
        label = torch.arange(16, device=device) % net.classes
        with torch.no_grad():
            z = randn((net.z_size,), sample_generators(self.config.seed, 0, 16), device)
            return to_images(net.decode(z, label).sigmoid() * 2 - 1)

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, Any]:
        """The KL of every latent dimension over the validation samples, in nats, labels known and unknown; fits the directions of known factors."""
        valid = data.load(self.dataset.name, "valid")
        net = modules["vae"]
        device = next(net.parameters()).device
        found = {}
        for name, label in (("kl_known", torch.from_numpy(valid.labels)), ("kl_unknown", torch.full((len(valid),), net.classes))):
            with torch.no_grad():
                kl = torch.cat(
                    [
                        kl_per_dimension(*net.encode(x.to(device), y.to(device)))
                        for x, y in zip(from_images(valid, "cpu").split(500), label.split(500), strict=True)
                    ]
                )
            found[name] = [round(float(value), 4) for value in kl.mean(0)]
        if self.moved:
            found["readout_r2"] = [round(float(value), 3) for value in self._fit(net)]
        return found

    def _fit(self, net: VAE) -> np.ndarray:
        """Fits a network's directions, readout and calibration on the first FITTED training samples; the share of each column's variance that
        the readout explains."""
        device = next(net.parameters()).device
        train = data.load(self.dataset.name, "train")
        some = Images(train.pixels[:FITTED], train.labels[:FITTED], factors={name: value[:FITTED] for name, value in train.factors.items()})
        design = latents.columns(self.moved, some.factors)
        with torch.no_grad():
            parts = zip(from_images(some, "cpu").split(500), torch.from_numpy(some.labels).split(500), strict=True)
            moments = [net.encode(x.to(device), y.to(device)) for x, y in parts]
            mu, logvar = (torch.cat([part[k].cpu() for part in moments]) for k in (0, 1))
            # samples of q(z | x), which fill the prior, and not its means: along a dimension that says nothing the means hardly
            # vary, and least squares would read them with weights that any other z blows up
            eps = torch.randn(mu.shape, generator=torch.Generator().manual_seed(self.config.seed))
            directions, readout, explained = latents.fit_directions((mu + (0.5 * logvar).exp() * eps).numpy(), design)
            net.directions.copy_(torch.from_numpy(directions))
            net.readout.copy_(torch.from_numpy(readout))
            # as adjusted() reads: off the code of what the decoder paints
            painted = [
                net.encode(net.decode(part.to(device), y.to(device)).sigmoid() * 2 - 1, y.to(device))[0].cpu()
                for part, y in zip(mu.split(500), torch.from_numpy(some.labels).split(500), strict=True)
            ]
            read = torch.cat(painted).numpy() @ readout[:-1] + readout[-1]
            net.calibration.copy_(torch.from_numpy(latents.fit_calibration(self.moved, design, read)))
            # half of the codes are those of real samples, half are drawn: both are moved by people
            codes = torch.where((torch.arange(MOVED) % 2 == 0)[:, None], mu[:MOVED], eps[:MOVED]).numpy()
            self._mend(net, some, Latents(codes, some.labels[:MOVED]))
        return explained

    def _mend(self, net: VAE, real: Images, codes: Latents) -> None:
        """Calibrates each number once more, by what the data set's reader sees of pictures that are moved to it: what it sees of real ones there.

        The encoder does not see what its own decoder cannot paint: its blurred mouths look a little sad to anybody else.
        """
        reader, model = registry.load(self.dataset.extractor), VAEModel(net, self.moved)
        numbers = [factor for factor in self.moved if isinstance(factor, Slider)]
        by_reader = latents.columns(numbers, reader.score(real).factors)
        of_real = latents.fit_calibration(numbers, latents.columns(numbers, real.factors), by_reader)
        for factor, wanted in zip(numbers, of_real, strict=True):
            column = latents.column_count(self.moved[: self.moved.index(factor)])
            values = np.linspace(factor.minimum, factor.maximum, len(latents.KNOTS)).tolist()
            drawn = [reader.score(model.decode(codes, **{factor.name: value})).factors for value in values]
            seen = np.asarray([latents.columns([factor], read).mean() for read in drawn])
            net.calibration[column] = torch.from_numpy(latents.mended(net.calibration[column].cpu().numpy(), seen, wanted))


class VAEModel:
    """A loaded VAE. factors: those that its codes can be moved along. order: latent dimensions by falling KL, so that `top` moves those that
    say most."""

    def __init__(self, vae: VAE, factors: Sequence[Slider | Choice] = (), order: Sequence[int] = (), size_bytes: int = 0):
        self.vae, self.factors, self.order, self.size_bytes = vae, factors, order, size_bytes

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        label: np.ndarray | None = None,
        temperature: float = 1.0,
        top: Sequence[float] | None = None,
        views: Sequence[str] = (),
        **adjust: Any,
    ) -> Iterator[Step]:
        """z ~ N(0, temperature^2), decoded once. top: values for the dimensions of largest KL, the same for all samples.

        adjust: values of known factors to which z is moved before it is decoded, by name; None leaves one alone.
        """
        z = randn((self.vae.z_size,), generators).numpy() * np.float32(temperature)
        if top is not None:
            z[:, self.order[: len(top)]] = np.asarray(top, dtype=np.float32)
        codes = self.adjusted(Latents(z, label), **adjust)
        yield Step(self.decode(codes), 1, 1, 1, {"z": codes} if "z" in views else {})

    def encode(self, images: Images) -> Latents:
        """The means mu of q(z | x, y), (n, z_size); without labels, y is unknown."""
        device = next(self.vae.parameters()).device
        mu, _ = self.vae.encode(from_images(images, device), self._label(images.labels, len(images)))
        return Latents(mu.cpu().numpy(), images.labels)

    def decode(self, codes: Latents, **adjust: Any) -> Images:
        """The decoder's mean pictures for codes (n, z_size), moved first where adjust says so; without labels, y is unknown."""
        codes = self.adjusted(codes, **adjust)
        z = torch.from_numpy(np.ascontiguousarray(codes.values, dtype=np.float32)).to(next(self.vae.parameters()).device)
        return to_images(self.vae.decode(z, self._label(codes.labels, len(z))).sigmoid() * 2 - 1, codes.labels)

    def adjusted(self, codes: Latents, **adjust: Any) -> Latents:
        """Codes moved along the directions of known factors until the factors are as asked.

        What counts is what the picture shows: in each of ROUNDS rounds the code is decoded, the picture encoded, the factors read off
        that, and the code moved by what is missing to what is read of real samples with those values. A code that was drawn may say
        something that no picture shows.
        """
        wanted = {name: value for name, value in adjust.items() if value is not None}
        if not wanted:
            return codes
        fitted = (self.vae.directions, self.vae.readout, self.vae.calibration)
        directions, readout, calibration = (each.cpu().numpy() for each in fitted)
        for _ in range(ROUNDS):
            seen = self.encode(self.decode(codes))
            codes = Latents(
                latents.steered(codes.values, directions, readout, self.factors, wanted, seen.values, calibration), codes.labels
            )
        return codes

    def reconstruct(self, images: Images) -> Images:
        """Pictures encoded to their mean code and decoded again."""
        return self.decode(self.encode(images))

    def _label(self, label: np.ndarray | None, n: int) -> torch.Tensor:
        known = np.full(n, self.vae.classes, dtype=np.int64) if label is None else label
        return torch.from_numpy(known).to(next(self.vae.parameters()).device)


def load(card: ModelCard) -> VAEModel:
    """The loader that cards name."""
    order = np.argsort(weights.record(card.id)["facts"]["kl_known"])[::-1].copy()
    vae = weights.load(card.id, vae=VAE)["vae"]
    return VAEModel(vae, latents.adjustable(data.get(card.dataset)), order, weights.size_bytes(card.id))


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a conditional VAE; larger pictures get a third level and a larger code."""
    config = config or (LARGE if data.get(card.dataset).shape[0] > LARGE_SIDE else Config())
    return Recipe(
        card.id,
        card.dataset,
        config,
        lambda: VAETrainee(config, card.dataset),
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.998,
        warmup_steps=100,
        decay_from=0.3,
        clip_norm=200.0,
        story=log_spaced(config.num_steps, 12),
    )


def plane_recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of vae2d-mnist: two latent dimensions, labels never told, so that the plane must hold everything."""
    return recipe(card, config or Config(z_size=2, unknown=1.0, num_steps=1000))
