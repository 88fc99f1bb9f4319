"""The scorer with attention that shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pairlens.api.arguments import refuse_threads
from pairlens.config.schema import Config
from pairlens.pages.notebook_attention import attention_html, attentions_html
from pairlens.scoring.given import Tokenizing
from pairlens.scoring.maps import PairAttention
from pairlens.scoring.scorer import Floats
from pairlens.scoring.scorer import Scorer as Engine
from pairlens.texts.given import listed
from pairlens.texts.texts import TextsLike

Reading = Callable[[], Sequence[str] | None]  # returns the word of each id; called when ids are first shown


@dataclass(frozen=True, slots=True)
class Attention(PairAttention):
    """The attention of one pair, which a notebook shows as heat maps and as links between the words."""

    reading: Reading = field(default=lambda: None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        return attention_html(self, self.reading())


class Attentions(list[Attention]):
    """The attention of pairs, of which a notebook shows the first ones."""

    def _repr_html_(self) -> str:
        return attentions_html(self, self[0].reading() if self else None)


class Scorer(Engine):
    """A trained model that scores pairs and shows their attention; `pairlens.load` makes it."""

    def __init__(
        self,
        config: Config,
        weights: Mapping[str, Floats],
        threads: int | None = None,
        tokenizing: Tokenizing | None = None,
        reading: Reading = lambda: None,
    ) -> None:
        refuse_threads(threads)
        super().__init__(config, weights, threads, tokenizing)
        self._reading = reading

    def attend(self, queries: TextsLike, values: TextsLike) -> Attentions:  # type: ignore[override]  # lists are invariant
        """Return the attention of each pair (queries[i], values[i]); arguments and errors as for `score`."""
        return Attentions(
            Attention(pair.query, pair.value, pair.scores, pair.value_scores, pair.texts, self._reading)
            for pair in super().attend(listed(queries), listed(values))
        )
