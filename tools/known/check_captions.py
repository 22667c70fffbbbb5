"""How good are the captions of a run of `sequence`? Of a language whose grammar is known.

    python -m tools.known.check_captions write captions.csv [--count 3000]
    python -m tools.known.check_captions judge captions.csv GAN_RUN LIKELIHOOD_RUN [--count 1000]

``write`` writes captions of faces, from templates with synonyms, one per line of a table (file,text). ``judge`` prints
a table: the share of a run's captions that the grammar allows, the number of different ones among them relative to
all, the share that is among the training captions, and how far the shares of words are from those of the captions
(total variation, 0 to 1: dropped synonyms and modes). The first row is for other captions of the same grammar: the best
that can be expected.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tools.known.captions import FRAMES, SHOWN, SYNONYMS, one_of, phrased
from tools.known.captions import LENGTHS as BY_LENGTH
from translate.data.sentences import read_texts, split_words
from translate.train.invention import invented

LENGTHS = tuple(word for words in BY_LENGTH.values() for word in words)
COLOURS = tuple(word for words in SYNONYMS.values() for word in words)
HAIR = re.compile(rf"({'|'.join(LENGTHS)}) ({'|'.join(COLOURS)}) hair")

app = typer.Typer(no_args_is_help=True)


def caption(rng: np.random.Generator) -> str:
    """A caption that the grammar allows."""
    hair = f"{one_of(LENGTHS, rng)} {one_of(COLOURS, rng)} hair"
    return phrased(hair, [one_of(words, rng) for words in SHOWN.values() if rng.random() < 0.25], rng)


def allows(text: str) -> bool:
    """Whether the grammar allows ``text``."""
    for frame in FRAMES:
        before, _, _ = frame.partition("{}")
        if text.startswith(before) and _lists(text.removeprefix(before)):
            return True
    return False


def _lists(text: str) -> bool:
    """Hair, first or last, and each thing at most once; ``and`` only before the last."""
    *first, last = text.split(", ")
    parts = [*first, *last.split(" and ", 1)]
    hair = [HAIR.fullmatch(part) is not None for part in parts]
    if sum(hair) != 1 or not (hair[0] or hair[-1]):
        return False
    kinds = [
        next((number for number, names in enumerate(SHOWN.values()) if part in names), None)
        for part, is_hair in zip(parts, hair, strict=True)
        if not is_hair
    ]
    return None not in kinds and len(set(kinds)) == len(kinds)


def judged(texts: Sequence[str], training: Sequence[str]) -> list[float]:
    """Shares of ``texts``: allowed, distinct, memorised; and the distance of their words from those of ``training``."""
    known = {" ".join(split_words(text)) for text in training}
    return [
        sum(map(allows, texts)) / len(texts),
        len(set(texts)) / len(texts),
        sum(" ".join(split_words(text)) in known for text in texts) / len(texts),
        word_distance(texts, training),
    ]


def word_distance(some: Sequence[str], others: Sequence[str]) -> float:
    """Half the sum of the differences between the shares of each word: total variation."""
    counts = [Counter(word for text in texts for word in split_words(text)) for texts in (some, others)]
    totals = [max(1, count.total()) for count in counts]
    return sum(abs(counts[0][word] / totals[0] - counts[1][word] / totals[1]) for word in counts[0] | counts[1]) / 2


@app.command()
def write(
    table: Annotated[Path, typer.Argument(help="the table to write")],
    count: Annotated[int, typer.Option(help="captions")] = 3000,
    seed: Annotated[int, typer.Option(help="another one gives other captions")] = 0,
) -> None:
    rng = np.random.default_rng(seed)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "text"])
        writer.writerows([f"{number:06}.png", caption(rng)] for number in range(count))


@app.command()
def judge(
    table: Annotated[Path, typer.Argument(help="the captions that the runs learnt from")],
    runs: Annotated[list[Path], typer.Argument(help="runs of sequence")],
    count: Annotated[int, typer.Option(help="captions of each")] = 1000,
) -> None:
    training, rng = read_texts(table), np.random.default_rng(2**32)
    rows = {"the grammar itself": [caption(rng) for _ in range(count)]}
    rows |= {str(run): invented(run, range(count)) for run in runs}
    typer.echo(
        "| captions of | allowed | distinct | memorised | distance of words |\n| --- | ---: | ---: | ---: | ---: |"
    )
    for name, texts in rows.items():
        *shares, distance = judged(texts, training)
        typer.echo(f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} | {distance:.3f} |")


if __name__ == "__main__":
    app()
