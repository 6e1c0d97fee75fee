"""Stable Diffusion, small and whole: words steer the denoising of a picture's code, which a decoder then paints.

Rombach et al., arXiv:2112.10752. Every part is the class that the large one is made of (CLIPTokenizer, CLIPTextModel, AutoencoderKL,
UNet2DConditionModel, a diffusers scheduler), so the folder is a StableDiffusionPipeline as it stands. Trained in three stages in one run:
first the code, with detail counting more at the end; then the words and the denoiser together; then the decoder once more. v-prediction (arXiv:2202.00512), weighed alike wherever SNR is below min_snr.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from playground import data, hub, registry, weights
from playground.device import half_dtype, pick_device
from playground.errors import ControlError
from playground.models.nets.denoiser import denoiser_recipe
from playground.models.nets.emphasis import emphasis, places
from playground.models.nets.growth import deepened, grown
from playground.models.nets.linear_decoder import LinearDecoder
from playground.models.nets.vocabulary import MAX_TOKENS, make_tokenizer, renumbered, tokens_of
from playground.sampling import attention, latents
from playground.sampling import denoise as loop
from playground.sampling.noise import generators as sample_generators
from playground.sampling.noise import randn
from playground.sampling.pixels import from_images, to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update
from playground.types import Attention, Images, ModelCard, Step

SCALED_ON = 512  # training pictures whose codes set the scale of all codes
SIZES = {"square": (1, 1), "tall": (1.25, 0.75), "wide": (0.75, 1.25), "small": (0.5, 0.5)}
"""Height and width of a picture in sides of the one that a model was trained on, by name."""
UNCLIPPED: Mapping[str, Any] = {"DDIM": {"clip_sample": False}, "DDPM": {"clip_sample": False}}
"""Changes to the schedulers for codes, which are not bounded as pictures are."""


@dataclass(frozen=True)
class Config:
    """The recipe's settings. vae_steps, detail_steps: of num_steps, those of the first two stages, with vae_batch pictures each; decoder_steps:
    of the last. detail: how much more errors count where a picture is full of contrast, from the second stage on. keeping: of a run that starts
    from shipped weights, weight of the squared change of the numbers that their code has, so that the denoiser still knows them. places: as
    detail, of the denoiser's errors, by place: of all pictures alike.

    vae_channels: at full resolution; twice at half, four times at a quarter of it. kl: weight of the codes' divergence from N(0, I), per
    number, against the mean absolute error. words: size of a word's vector. layers: in each block of the denoiser. unlabelled: share of the
    captions that are left out, for guidance. reading: weight of the squared error of the known features, read off what the text model makes of
    a caption. seeing: the same, read off what the denoiser makes of a code, at every noise.
    """

    vae_channels: int = 16
    latent_channels: int = 4
    kl: float = 1e-4
    vae_steps: int = 2500
    detail_steps: int = 0
    detail: float = 0.0
    keeping: float = 0.0
    places: float = 0.0
    vae_batch: int = 16
    decoder_steps: int = 6000
    words: int = 128
    text_layers: int = 2
    channels: int = 96
    deep_channels: int = 128
    layers: int = 1
    unlabelled: float = 0.1
    min_snr: float = 5.0
    reading: float = 0.1
    seeing: float = 0.0
    num_steps: int = 18_000
    batch_size: int = 32
    learning_rate: float = 1e-3
    vae_learning_rate: float = 2e-3
    weight_decay: float = 0.01
    seed: int = 0


class Codec(nn.Module):
    """An AutoencoderKL as training needs it. x (n, c, side, side), eps (n, latent_channels, ...) -> what is painted, mean and logvar of the code.

    Without eps the mean alone. fixed: no gradient reaches the code.
    """

    def __init__(self, vae: AutoencoderKL):
        super().__init__()
        self.vae = vae

    def forward(self, x: torch.Tensor, eps: torch.Tensor | None = None, fixed: bool = False) -> Any:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not fixed):
            posterior = self.vae.encode(x).latent_dist
        if eps is None:
            return posterior.mean
        return self.vae.decode(posterior.mean + posterior.std * eps).sample, posterior.mean, posterior.logvar


class Worded(nn.Module):
    """A text model and the denoiser that reads it: codes x (n, c, h, w), times t (n,), tokens (n, MAX_TOKENS) -> v like x, twice features (n, columns).

    The features are those of the data set, read off what the text model makes of the whole caption, and off the middle of the denoiser, its mean over
    the places: in training alone. CLIP's text model comes knowing what pictures hold; this one learns it beside the denoiser, which on its own would
    teach it slowly. That the middle of a denoiser should know what it looks at is REPA's idea (arXiv:2410.06940); here the known features stand in
    place of another network's.
    """

    def __init__(self, text_encoder: CLIPTextModel, unet: UNet2DConditionModel, columns: int):
        super().__init__()
        self.text_encoder, self.unet = text_encoder, unet
        self.read = nn.Linear(text_encoder.config.hidden_size, columns)
        self.see = nn.Linear(unet.config.block_out_channels[-1], columns)

    def forward(self, x: torch.Tensor, t: torch.Tensor, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        said = self.text_encoder(tokens)
        middle: list[torch.Tensor] = []
        with self.unet.mid_block.register_forward_hook(lambda block, given, found: middle.append(found.mean((2, 3)))):
            v = self.unet(x, t, said.last_hidden_state).sample
        return v, self.read(said.pooler_output), self.see(middle[0])


def make_parts(
    config: Config, tokenizer: CLIPTokenizer, side: int, picture_channels: int
) -> tuple[AutoencoderKL, CLIPTextModel, UNet2DConditionModel]:
    """The three networks, untrained."""
    c = config.vae_channels
    vae = AutoencoderKL(
        in_channels=picture_channels,
        out_channels=picture_channels,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(c, 2 * c, 4 * c),
        layers_per_block=1,
        latent_channels=config.latent_channels,
        norm_num_groups=8,
        sample_size=side,
        mid_block_add_attention=False,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.words,
            intermediate_size=4 * config.words,
            num_hidden_layers=config.text_layers,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            projection_dim=config.words,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=side // 4,
        in_channels=config.latent_channels,
        out_channels=config.latent_channels,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(config.channels, config.deep_channels),
        layers_per_block=config.layers,
        cross_attention_dim=config.words,
        attention_head_dim=4,
        addition_embed_type="text",  # the caption as a whole is added to the time, as each block's words are attended to
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
        norm_num_groups=16,
    )
    return vae, text, unet


def spans(config: Config) -> dict[str, tuple[int, int]]:
    """First step and end of each stage, by the name of its optimizer."""
    lengths = {"codec": config.vae_steps, "detail": config.detail_steps, "worded": 0, "decoder": config.decoder_steps}
    lengths["worded"] = config.num_steps - sum(lengths.values())
    ends = list(itertools.accumulate(lengths.values()))
    return {name: (end - length, end) for (name, length), end in zip(lengths.items(), ends, strict=True)}


class StableDiffusionTrainee(Trainee):
    """The code: mean absolute error and divergence. The code with detail: the same, where errors in small things count more.

    The denoiser: mean squared error of v at a random time, from words; the text model is also asked for the features that its caption
    goes with. The decoder: once more alone, with the codes as the denoiser knows them (as stabilityai/sd-vae-ft-mse was made).
    """

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        self.config, self.dataset = config, data.get(dataset)
        self.tokenizer = make_tokenizer(data.captions(dataset))
        side, _, picture_channels = self.dataset.shape
        vae, text, unet = make_parts(config, self.tokenizer, side, picture_channels)
        columns = latents.column_count(self.dataset.factors)
        modules = {"codec": Codec(vae), "worded": Worded(text, unet, columns)}
        modules = {name: module.to(memory_format=torch.channels_last) for name, module in modules.items()}
        rates = {"codec": config.vae_learning_rate, "worded": config.learning_rate}
        optimizers = {
            name: torch.optim.AdamW(module.parameters(), lr=rates[name], betas=(0.9, 0.99), weight_decay=config.weight_decay)
            for name, module in modules.items()
        }
        again = {"decoder": [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]}
        if config.detail_steps:
            again["detail"] = [*vae.parameters()]
        for name, parameters in again.items():
            optimizers[name] = torch.optim.AdamW(
                parameters, lr=config.vae_learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay
            )
        super().__init__(modules, optimizers, averaged=tuple(modules))
        self.alphas_cumprod = loop.alphas_cumprod()
        self.scale: float | None = None
        self.places: torch.Tensor | None = None  # how much an error of the denoiser counts, by place
        self.before: nn.Module | None = None  # the codec of the weights that the run starts from

    def earlier(self, card_id: str) -> dict[str, Mapping[str, torch.Tensor]]:
        """The shipped pipeline's weights; where this one's code has more numbers, or its denoiser more layers, in their places among its own."""
        pipe = read_pipeline(registry.get(card_id))
        shipped = {"codec": Codec(pipe.vae), "worded": Worded(pipe.text_encoder, pipe.unet, self.modules["worded"].read.out_features)}
        for name in ("read", "see"):  # not of the pipeline: they are learnt anew
            setattr(shipped["worded"], name, getattr(self.modules["worded"], name))
        words = pipe.text_encoder.get_input_embeddings().weight
        words.data = renumbered(words.data, pipe.tokenizer, self.tokenizer)
        self.before = shipped["codec"].requires_grad_(False)
        fresh = {name: self.modules[name].state_dict() for name in shipped}
        return {name: grown(deepened(module.state_dict(), fresh[name]), fresh[name]) for name, module in shipped.items()}

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        stage = next(name for name, (first, end) in spans(self.config).items() if first <= i < end)
        return self._denoise(batch, generator, update) if stage == "worded" else self._paint(batch, generator, update, stage)

    def _paint(self, batch: Batch, generator: torch.Generator, update: Update, stage: str) -> dict[str, float | torch.Tensor]:
        x = batch.x[: self.config.vae_batch].contiguous(memory_format=torch.channels_last)
        side = x.shape[-1] // 4
        eps = torch.randn(len(x), self.config.latent_channels, side, side, generator=generator).to(x.device)
        painted, mean, logvar = self.modules["codec"](x, eps, stage == "decoder")
        error = (painted.float() - x).abs()
        counted = error.mean() if stage == "codec" else (error * emphasis(x, self.config.detail)).mean()
        if stage == "decoder":
            update(stage, counted)
            return {"painting": error.mean().detach()}
        divergence = 0.5 * (mean.float().square() + logvar.float().exp() - 1.0 - logvar.float()).mean()
        loss, logged = counted + self.config.kl * divergence, {"painting": error.mean().detach(), "divergence": divergence.detach()}
        if self.before is not None and self.config.keeping:
            known = self.before(x)
            change = (mean[:, : known.shape[1]].float() - known.float()).square().mean()
            loss, logged = loss + self.config.keeping * change, {**logged, "change": change.detach()}
        update(stage, loss)
        return logged

    def _denoise(self, batch: Batch, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        n, device = len(batch), batch.x.device
        self.scale = self.scale or self.measured_scale(self.modules["codec"])
        with torch.no_grad():
            x = self.modules["codec"](batch.x.contiguous(memory_format=torch.channels_last)).float() * self.scale
        t = ((torch.arange(n) + torch.rand(n, generator=generator)) / n * 1000).long().clamp(0, 999)
        eps = torch.randn(x.shape, generator=generator).to(device)
        hidden = torch.rand(n, generator=generator) < self.config.unlabelled
        tokens = tokens_of(self.tokenizer, ["" if hide else words for hide, words in zip(hidden.tolist(), batch.captions, strict=True)])
        alpha_bar = self.alphas_cumprod[t].to(device)
        v, read, seen = self.modules["worded"](loop.add_noise(x, eps, alpha_bar), t.to(device), tokens.to(device))
        error = (v.float() - loop.velocity(x, eps, alpha_bar)).square()
        weighted = (error * self._places(x)).mean((1, 2, 3))
        factors = {name: value.cpu().numpy() for name, value in batch.factors.items()}
        kept = data.held_out(self.dataset.name, factors)
        shown = torch.from_numpy(~kept).to(device)
        count = shown.sum().clamp(min=1)
        loss = (weighted * (self.config.min_snr * (1 - alpha_bar) / alpha_bar).clamp(max=1) * shown).sum() / count
        features = torch.from_numpy(latents.columns(self.dataset.factors, factors)).to(device)
        reading, seeing = (((found.float() - features).square().sum(1) * shown).sum() / count for found in (read, seen))
        update("worded", loss + self.config.reading * reading + self.config.seeing * seeing)
        return {"loss": loss.detach(), "error": error.mean().detach(), "reading": reading.detach(), "seeing": seeing.detach()}

    def _places(self, x: torch.Tensor) -> torch.Tensor:
        if self.places is None:
            seen = from_images(data.again(self.dataset.name, range(SCALED_ON)), x.device)
            self.places = places(seen, self.config.places, x.shape[-1])
        return self.places

    def measured_scale(self, codec: nn.Module) -> float:
        """One over the standard deviation of codes: the denoiser sees codes of unit variance. The same whenever it is asked."""
        device = next(codec.parameters()).device
        with torch.no_grad():
            x = from_images(data.again(self.dataset.name, range(SCALED_ON)), device)
            return round(1.0 / float(torch.cat([codec(part).float() for part in x.split(64)]).std()), 4)

    def whole(self, modules: Mapping[str, nn.Module]) -> StableDiffusionPipeline:
        """The pipeline that all parts make."""
        codec, worded = modules["codec"], modules["worded"]
        codec.vae.register_to_config(scaling_factor=self.measured_scale(codec))
        return StableDiffusionPipeline(
            vae=codec.vae,
            text_encoder=worded.text_encoder,
            tokenizer=self.tokenizer,
            unet=worded.unet,
            scheduler=loop.make_scheduler("DPM-Solver++", steps_offset=1),  # SD's convention; without effect on these timesteps
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        codec, worded = modules["codec"], modules["worded"]
        device = next(worded.parameters()).device
        tokens = tokens_of(self.tokenizer, data.again(self.dataset.name, range(16)).captions).to(device)
        side, drawn = self.dataset.shape[0] // 4, sample_generators(self.config.seed, 0, 16)
        scheduler = loop.make_scheduler("DDIM", **UNCLIPPED["DDIM"])
        scheduler.set_timesteps(20)
        with torch.no_grad():
            x = randn((self.config.latent_channels, side, side), drawn, device)
            for found in loop.denoise(lambda x, t: worded(x, t, tokens)[0], x, scheduler, scheduler.timesteps, drawn, bounded=False):
                x = found.x
            return to_images(codec.vae.decode(x / self.measured_scale(codec)).sample)

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, Any]:
        """The squared error of the decoder's pictures on the validation split, and the size of the vocabulary."""
        codec = modules["codec"]
        x = from_images(data.load(self.dataset.name, "valid"), "cpu")
        device = next(codec.parameters()).device
        with torch.no_grad():
            painted = torch.cat([codec.vae.decode(codec(part.to(device))).sample.cpu() for part in x.split(50)])
        return {"vae_squared_error": round(float((painted - x).square().mean()), 6), "vocabulary": len(self.tokenizer)}


def read_pipeline(card: ModelCard) -> StableDiffusionPipeline:
    """The pipeline of a card on the device: of the shipped folder in float32, or of the Hub's cache in the half precision that pays here.

    Raises WeightsUnavailable.
    """
    device, safely = pick_device(), {"local_files_only": True, "use_safetensors": True}
    if card.hub is None:
        weights.verify(card.id)
        return StableDiffusionPipeline.from_pretrained(weights.folder(card.id).as_posix(), low_cpu_mem_usage=False, **safely).to(device)
    folder = hub.require(card)
    with hub.reading(card):
        return StableDiffusionPipeline.from_pretrained(
            folder.as_posix(),
            variant=card.hub.variant,
            dtype=getattr(torch, half_dtype()),
            safety_checker=None,  # see playground.hub: such a card is never offered to the public
            feature_extractor=None,
            requires_safety_checker=False,
            **safely,
        ).to(device)


def read_tiny(card: ModelCard) -> AutoencoderTiny | None:
    """The tiny decoder that comes with a card of the Hub, in the same precision; None where none does. Raises WeightsUnavailable."""
    for name in () if card.hub is None else card.hub.comes_with:
        with hub.reading(part := registry.get(name)):
            return AutoencoderTiny.from_pretrained(
                hub.require(part).as_posix(), dtype=getattr(torch, half_dtype()), local_files_only=True, use_safetensors=True
            ).to(pick_device())
    return None


def load(card: ModelCard) -> StableDiffusionModel:
    """The loader that cards name."""
    pipeline = read_pipeline(card)
    if card.hub is None:
        return StableDiffusionModel(pipeline)
    return StableDiffusionModel(pipeline, pipeline.vae if isinstance(pipeline.vae, AutoencoderTiny) else read_tiny(card), large=True)


class StableDiffusionModel:
    """A loaded pipeline, stepped through by our own loop so that every step can be seen; it draws what a bare call of it draws.

    large: one whose decoder costs more than a call of its network, and so paints the last step alone. What it guesses on the way (x_0) is painted by
    the tiny decoder where there is one, what it is shown (x_t), noise that no decoder knows, by a LinearDecoder.
    """

    def __init__(self, pipeline: StableDiffusionPipeline, tiny: AutoencoderTiny | None = None, large: bool = False):
        self.pipeline, self.tiny = pipeline, tiny
        parts = [part for part in (pipeline.vae, pipeline.text_encoder, pipeline.unet, tiny) if part is not None]
        for part in parts:
            part.eval().requires_grad_(False)
            if part is not pipeline.text_encoder:
                part.to(memory_format=torch.channels_last)
        self.noise = loop.noise_of(pipeline.scheduler)
        self.size_bytes = sum(tensor.nbytes for part in parts for tensor in part.state_dict().values())
        with torch.no_grad():
            self.linear = LinearDecoder(tiny or pipeline.vae) if large else None

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        prompt: Sequence[str],
        negative_prompt: Sequence[str] = (),
        scheduler: str = "DPM-Solver++",
        num_inference_steps: int = 20,
        guidance_scale: float = 1.0,
        eta: float = 0.0,
        given: np.ndarray | None = None,
        mask: np.ndarray | None = None,
        strength: float = 1.0,
        decoder: str = "full",
        size: str = "square",
        views: Sequence[str] = (),
    ) -> Iterator[Step]:
        """One Step for each timestep, the code after it decoded; as views what the network was shown (x_t) and what it guessed (x_0), decoded,
        and how its places read the prompt's words (attention).

        prompt, negative_prompt: one for each sample. guidance_scale 1 asks the network once a step; any other value twice, told the
        prompt and the negative prompt (arXiv:2207.12598). given: pictures (n, h, w, c) whose codes are noised as far as strength
        (0..1) says and denoised from there, as StableDiffusionImg2ImgPipeline does. mask: pictures that are white where those are to be
        drawn anew; elsewhere the code is set to the given one's, as noised as the step is, after every step (as
        StableDiffusionInpaintPipeline does, where a U-Net has four channels: it takes no other number), and the picture to the given one itself.
        decoder: "tiny" has the last step painted by the tiny decoder, too, about sixteen times as fast. size: a name in
        SIZES. Raises ControlError for a mask without a picture.
        """
        if mask is not None and given is None:
            raise ControlError("mask needs a picture to repaint: give given, too.")
        pipe, unet = self.pipeline, self.pipeline.unet
        sides = tuple(int(unet.config.sample_size * part) for part in SIZES[size])  # of the code: h, w
        tokens = tokens_of(pipe.tokenizer, prompt).to(unet.device)
        said = pipe.text_encoder(tokens)[0]
        network = attention.Watched(unet) if "attention" in views else unet
        guided = guidance_scale != 1.0
        if guided:
            both = torch.cat([pipe.text_encoder(tokens_of(pipe.tokenizer, negative_prompt).to(unet.device))[0], said])
        plan = loop.make_scheduler(scheduler, **self.noise, **UNCLIPPED.get(scheduler, {}))
        loop.set_steps(plan, num_inference_steps)
        timesteps, shape = plan.timesteps, (unet.config.in_channels, *sides)
        if given is None:
            x = randn(shape, generators, unet.device)
        else:
            start = min(num_inference_steps, max(1, int(num_inference_steps * strength)))
            timesteps = timesteps[-start:]
            if hasattr(plan, "set_begin_index"):
                plan.set_begin_index(num_inference_steps - start)
            code = pipe.vae.encode(from_images(Images(given), unet.device).to(unet.dtype)).latent_dist
            code = (code.mean + code.std * randn(shape, generators, unet.device)) * pipe.vae.config.scaling_factor
            eps = randn(shape, generators, unet.device)
            forgets = mask is not None and strength == 1.0
            x = eps if forgets else loop.add_noise(code, eps, plan.alphas_cumprod[int(timesteps[0])])
        if mask is not None:
            anew = from_images(Images(mask), unet.device).mean(1, keepdim=True) > 0  # (n, 1, h, w)
            places = nn.functional.adaptive_max_pool2d(anew.float(), sides)  # of the code: those with any such point
            kept = from_images(Images(given), unet.device)

        def painted(code: torch.Tensor, vae: Any) -> Images:
            picture = vae.decode(
                (code / vae.config.scaling_factor).to(vae.dtype).contiguous(memory_format=torch.channels_last)
            ).sample.float()
            return to_images(picture if mask is None else torch.where(anew, picture, kept))

        def shown(code: torch.Tensor, guess: bool) -> Images:
            if self.linear is None or mask is not None:
                return painted(code, pipe.vae)
            return painted(code, self.tiny) if guess and self.tiny is not None else self.linear(code)

        def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            x = x.to(unet.dtype)
            if not guided:
                return network(x, t, said).sample.float()
            free, asked = network(torch.cat([x, x]), t, both).sample.float().chunk(2)
            return free + guidance_scale * (asked - free)

        def held(x: torch.Tensor, t: int | None) -> torch.Tensor:
            beside = code if t is None else loop.add_noise(code, eps, plan.alphas_cumprod[t])
            return torch.where(places > 0, x, beside)

        total, after = len(timesteps), None if mask is None else held
        for i, found in enumerate(loop.denoise(predict, x, plan, timesteps, generators, bounded=False, after=after, eta=eta), 1):
            moment = {"x_t": x, "x_0": found.x_0}
            x = found.x
            seen: dict[str, Images | Attention] = {name: shown(moment[name], name == "x_0") for name in moment if name in views}
            if "attention" in views:
                words = tuple(attention.words_of(pipe.tokenizer, text, tokens.shape[1]) for text in prompt)
                read = network.weights[-n:]  # of a guided batch, the half that is told the prompt
                seen["attention"] = Attention(read.cpu().numpy(), words)
            last = self.tiny if decoder == "tiny" and self.tiny is not None else pipe.vae
            yield Step(painted(x, last) if i == total else shown(x, False), i, total, i * (2 if guided else 1), seen)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a small Stable Diffusion: the code, the code with detail, words and denoiser, the decoder again."""
    config = config or Config()
    return replace(denoiser_recipe(card, config, lambda: StableDiffusionTrainee(config, card.dataset)), spans=spans(config))
