"""pairlens mine: pairs of texts for a teacher to score."""

from __future__ import annotations

from typing import Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output
from pairlens_cli.options import Location


def mine(
    texts: Annotated[
        list[Location],
        typer.Argument(
            metavar="TEXTS...",
            help="Files with a text in each line, as words or as token ids.",
            show_default=False,
        ),
    ],
    prefix: Annotated[
        Location,
        typer.Option(
            "--output",
            "-o",
            metavar="PREFIX",
            help="Write PREFIX.query.txt and PREFIX.value.txt.",
            show_default=False,
        ),
    ],
    near: Annotated[
        int, typer.Option("--near", metavar="N", min=0, max=999, help="Pair each text with the N texts nearest to it.")
    ] = 4,
    random: Annotated[
        int, typer.Option("--random", metavar="N", min=0, help="Pair each text with N others, at random.")
    ] = 4,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of all that is random.")] = 1,
    force: options.Force = False,
) -> None:
    """Mine pairs from unlabelled texts, near ones and random ones, for a model to score.

    Near are texts that share rare words, by the cosine of their tf-idf vectors. No pair occurs twice.
    """
    from pairlens.jobs.mine_job import mine as write_pairs
    from pairlens.jobs.mine_job import outputs
    from pairlens.runs.outputs import refuse_outputs
    from pairlens_cli.display.mining import MiningDisplay

    if not near and not random:
        raise UsageError("--near 0 and --random 0 leave no pairs; give one of them another number")
    written = outputs(prefix)
    refuse_outputs({str(path): path for path in written}, texts, force)
    mined = write_pairs(texts, prefix, near, random, seed, MiningDisplay(), force)
    output.say(f"{mined.texts:,} distinct texts: {_pairs(mined.near, 'near')}, {_pairs(mined.random, 'random')}")
    output.say(f"Wrote {' and '.join(map(str, written))}")


def _pairs(count: int, kind: str) -> str:
    return f"{count:,} {kind} pair{'s' * (count != 1)}"
