"""Cards of what came before networks: counting."""

from playground.cards.transformer import CONTROLS
from playground.types import ModelCard

CARDS = (
    ModelCard(
        id="markov-shakespeare",
        family="markov",
        title="N-grams of Shakespeare",
        kind="text",
        dataset="shakespeare",
        can=frozenset({"sample", "read"}),
        paper="Shannon 1948, A mathematical theory of communication",
        controls=CONTROLS,
        views=("choices",),
        chunk=16,
        load="playground.models.markov:load",
        recipe="playground.models.markov:recipe",
        facts={
            "architecture": "No network: a table of what followed the last few characters, and how often",
            "training": "Counting, once through the text",
            "likelihood": "Exact: the product of its guesses",
        },
    ),
)
