"""Write the sample data set as tables of sentences: python data/sample/make_tables.py FOLDER

Makes train.csv, dev.csv and test.csv in FOLDER, with the columns question1, question2 and is_duplicate.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

SAMPLE = Path(__file__).parent


def make_tables(folder: Path) -> None:
    words = read_lines("vocab.txt")
    for split in ("train", "dev", "test"):
        query, value, label = (read_lines(f"{split}.{side}.txt") for side in ("query", "value", "label"))
        sentences = [[" ".join(words[int(id_)] for id_ in line.split()) for line in side] for side in (query, value)]
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["question1", "question2", "is_duplicate"])
            table.writerows(zip(*sentences, label, strict=True))


def read_lines(name: str) -> list[str]:
    return (SAMPLE / name).read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    make_tables(Path(sys.argv[1]))
