"""Reading what a config's data section names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_runs import write_split

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.texts.splits import LATER_SPLITS, find_split, read_split, text_rules, with_classes
from pairlens.texts.token_faults import TextRules


def make_config(folder: Path, **changes: Any) -> Config:
    embedding = {"input_dim": 5, "output_dim": 3, **changes.pop("embedding", {})}
    return Config.model_validate({"data": {"train": folder / "train", **changes}, "model": {"embedding": embedding}})


def test_rules_of_a_config(tmp_path: Path) -> None:
    assert text_rules(make_config(tmp_path)) == TextRules(5, None, truncate=False, allow_empty=False)
    loose = make_config(tmp_path, max_length=7, too_long="truncate", empty="score")
    assert text_rules(loose) == TextRules(5, 7, truncate=True, allow_empty=True)


def test_a_split_with_labels(tmp_path: Path) -> None:
    for side, text in (("query", "1 2\n3\n"), ("value", "4\n0 0\n"), ("label", "1\n0\n")):
        (tmp_path / f"train.{side}.txt").write_text(text)
    pairs = read_split(make_config(tmp_path), "train")
    assert [query.tolist() for query in pairs.query] == [[1, 2], [3]]
    assert [value.tolist() for value in pairs.value] == [[4], [0, 0]]
    assert pairs.label is not None
    assert pairs.label.tolist() == [1.0, 0.0]


def make_train(folder: Path, task: str, **prefixes: dict[str, list[Any]]) -> Config:
    """A config with these train prefixes, and their files; query and value of every pair are 1 and 2 by default."""
    for name, sides in prefixes.items():
        pairs = len(sides["label"])
        write_split(folder / name, **{"query": [1] * pairs, "value": [2] * pairs} | sides)
    return Config.model_validate(
        {
            "task": task,
            "data": {"train": [folder / name for name in prefixes]},
            "model": {"embedding": {"input_dim": 5}},
        }
    )


def test_several_prefixes_with_hard_and_soft_labels(tmp_path: Path) -> None:
    hard = {"query": ["1 2", "3"], "label": [1, 0]}
    soft = {"query": ["4"], "label": [0.25], "weight": [0.5]}
    pairs = read_split(make_train(tmp_path, "binary", hard=hard, soft=soft), "train")
    assert [query.tolist() for query in pairs.query] == [[1, 2], [3], [4]]
    assert pairs.label is not None
    assert pairs.label.tolist() == [1, 0, 0.25]
    assert pairs.weight is not None
    assert pairs.weight.tolist() == [1, 1, 0.5]


def test_equal_queries_of_several_prefixes_are_several_groups(tmp_path: Path) -> None:
    """So that one source's labels are not compared with another's; a prefix with a group file keeps its groups."""
    own = {"query": [1, 1, 3], "label": [1, 0, 0], "group": ["x", "y", "x"]}
    config = make_train(tmp_path, "ranking", a={"query": [1, 3, 1], "label": [1, 0, 0]}, b=own)
    group = read_split(config, "train").group
    assert group is not None
    assert group.tolist() == [0, 1, 0, 2, 3, 2]


@pytest.mark.parametrize("hard_first", [False, True])
def test_the_classes_of_several_prefixes_are_those_of_the_probabilities(tmp_path: Path, hard_first: bool) -> None:
    parts = {"hard": {"label": [0, 1]}, "soft": {"label": ["0.5 0.25 0.25"]}}
    order = ["hard", "soft"] if hard_first else ["soft", "hard"]
    config = make_train(tmp_path, "multiclass", **{name: parts[name] for name in order})
    pairs = read_split(config, "train")
    assert pairs.label is not None
    assert pairs.label.shape == (3, 3)
    assert with_classes(config, pairs).model.classes == 3
    write_split(tmp_path / "hard", label=[0, 3])
    with pytest.raises(DataError) as error:
        read_split(config, "train")
    assert str(error.value) == f"{tmp_path}/hard.label.txt:2:1: not a class: '3'; must be an integer from 0 to 2"
    write_split(tmp_path / "hard", label=["0.5 0.5"] * 2)
    with pytest.raises(DataError, match=r": \d numbers in this line; must be \d, one probability for each class"):
        read_split(config, "train")


def test_probabilities_are_for_train(tmp_path: Path) -> None:
    for task, label in (("binary", "0.5"), ("ranking", "0.5"), ("multiclass", "0.5 0.5")):
        write_split(tmp_path / "soft", query=[1], value=[2], label=[label])
        data = {"train": tmp_path / "soft", "dev": tmp_path / "soft", "test": tmp_path / "soft"}
        config = Config.model_validate({"task": task, "data": data, "model": {"embedding": {"input_dim": 5}}})
        assert len(read_split(config, "train")) == 1
        for split in LATER_SPLITS:
            with pytest.raises(DataError) as error:
                read_split(config, split)
            assert str(error.value).startswith(f"{tmp_path}/soft.label.txt:1:1: not a ")
            assert str(error.value).endswith("; probabilities are allowed only in the train split of a training")


def test_a_split_that_the_config_does_not_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the config does not set data\.test"):
        find_split(make_config(tmp_path), "test")


def test_a_split_without_labels(tmp_path: Path) -> None:
    for side in ("query", "value"):
        (tmp_path / f"train.{side}.txt").write_text("1\n")
    with pytest.raises(DataError, match=r"train\.label\.txt: no such file"):
        find_split(make_config(tmp_path), "train")
