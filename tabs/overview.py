"""What the Start tab says in tables: the families by what they learn from and by their network, examples by medium, and what is heard and not true."""

from __future__ import annotations

import html

NETWORKS = ("Convolutions", "U-Net", "Transformer", "Recurrent")
FAMILIES = (  # what is learnt from, then for each network what is here as (words, tab), or where it was done as words
    (
        "A contest",
        "a discriminator tells real from made up (adversarial)",
        ("GAN", "gan"),
        "pix2pix (2017)",
        "TransGAN (2021)",
        "SeqGAN (2017)",
    ),
    (
        "A bound",
        "say much with few bits, near a common cloud (ELBO)",
        ("VAE", "vae"),
        "Probabilistic U-Net (2018)",
        "Optimus (2020)",
        "MusicVAE (2018)",
    ),
    (
        "Denoising",
        "guess the noise in a picture (diffusion, flow matching)",
        "DiffWave, sound (2020)",
        ("Diffusion", "diffusion"),
        "DiT (2022)",
        "TimeGrad, time series (2021)",
    ),
    (
        "The next piece",
        "guess what comes next (autoregressive)",
        "PixelCNN (2016)",
        "PixelCNN++ (2017)",
        ("GPT", "transformer"),
        ("RNN and LSTM", "rnn"),
    ),
    (
        "Giving back",
        "squeeze and restore (no generator by itself)",
        ("Autoencoder", "autoencoder"),
        "its shortcuts would carry the picture past the bottleneck",
        "Masked autoencoder (2021)",
        "Sequence autoencoder (2015)",
    ),
)
MEDIA = (
    ("Pictures", "This Person Does Not Exist", "2019", "GAN (StyleGAN)"),
    ("", "DALL-E", "2021", "autoregressive transformer over picture tokens"),
    ("", "DALL-E 2", "2022", "diffusion"),
    ("", "Stable Diffusion", "2022", "diffusion on the codes of a VAE"),
    ("", "Midjourney", "2022", "not published"),
    ("Text", "GPT-3", "2020", "autoregressive transformer"),
    ("", "ChatGPT", "2022", "autoregressive transformer, tuned with human feedback"),
    ("Music", "AIVA", "2016", "not published"),
    ("", "Jukebox", "2020", "VQ-VAE and autoregressive transformers"),
    ("Video", "Sora", "2024", "diffusion with a transformer"),
    ("3-D", "GET3D", "2022", "GAN"),
    ("", "DreamFusion", "2022", "a picture diffusion model as the judge of a 3-D scene"),
    ("Code", "Codex", "2021", "autoregressive transformer"),
    ("Medicine, drugs", "Molecules by Gómez-Bombarelli et al.", "2018", "VAE"),
    ("", "AlphaFold 3", "2024", "diffusion"),
)
MYTHS = (
    (
        "GPT-4 has 100 trillion parameters.",
        "Its size was never published. The number comes from an estimate made before it existed.",
    ),
    (
        "Generative AI needs a prompt.",
        "Most models on this page draw without a word: from noise alone, or from a label. A prompt is one way to steer.",
    ),
    (
        "It pastes parts of its training pictures together.",
        "It stores weights, not pictures; ours hold fewer bytes than the pictures they learnt from. It can memorise, so nearest training samples are shown here.",
    ),
    (
        "A GAN is a GNN.",
        "A GNN is a graph neural network, something else altogether. A GAN is a generator and a discriminator in a contest.",
    ),
    (
        "TensorFlow Generative is the library for it.",
        "There is no such library. These models are written with PyTorch, JAX or TensorFlow, and shared through libraries such as diffusers and transformers.",
    ),
    ("DALL-E is a diffusion model.", "The second is. The first one was autoregressive, as GPT is."),
    (
        "A fluent answer is a true one.",
        "A language model is trained to go on likely, not to be right. The Transformer tab shows what it had to choose from.",
    ),
)


def families() -> str:
    """The families on two axes, those that are here as links to their tabs."""
    head = "".join(f"<th scope=col>{name}</th>" for name in NETWORKS)
    rows = "".join(
        f"<tr><th scope=row>{name}<small>{what}</small></th>{''.join(map(_cell, cells))}</tr>" for name, what, *cells in FAMILIES
    )
    return (
        '<p class="note">A family is what a model is trained to do; the network that does it is another choice. Bold: here, with a tab of its own. All of them stand in one table, measured by the same '
        f"rules, in {link('compare', 'Compare')}.</p>"
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="The families"><table class="facts axes"><thead><tr><th scope=col>Learns from</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _cell(cell: str | tuple[str, str]) -> str:
    return f'<td class="elsewhere">{html.escape(cell)}</td>' if isinstance(cell, str) else f"<td><b>{link(cell[1], cell[0])}</b></td>"


def media() -> str:
    """Systems by medium: year and family, or that it is not published."""
    rows = ""
    for k, (medium, system, year, family) in enumerate(MEDIA):
        further = next((i for i, each in enumerate(MEDIA[k + 1 :]) if each[0]), len(MEDIA) - k - 1)  # rows of the same medium below
        head = f'<th scope=rowgroup rowspan="{further + 1}">{medium}</th>' if medium else ""
        rows += f"<tr>{head}<td>{html.escape(system)}</td><td>{year}</td><td>{html.escape(family)}</td></tr>"
    return (
        '<div class="tablewrap" tabindex="0" role="region" aria-label="Examples by medium"><table class="facts axes"><thead><tr><th scope=col>Medium</th><th scope=col>System</th><th scope=col>Year</th>'
        f"<th scope=col>Family</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def myths() -> str:
    """What is heard, and what is so."""
    return '<dl class="myths">' + "".join(f"<dt>“{html.escape(said)}”</dt><dd>{html.escape(fact)}</dd>" for said, fact in MYTHS) + "</dl>"


def link(tab: str, words: str) -> str:
    """A link to a tab, which page.js opens without loading the page again."""
    return f'<a class="totab" href="?tab={tab}" data-tab="{tab}">{html.escape(words)}</a>'
