"""pairlens init: from a folder of encoded splits to a config that trains."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from command_line import VOCABULARY, make_project, write_split
from forked import pairlens

from pairlens.config.file import load_config
from pairlens.config.json_schema import schema_text
from pairlens.tokenizer.learn import learn_tokenizer

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's `data`, with labels 0 and 1 in three splits."""
    make_project(tmp_path)
    return tmp_path


def relabel(folder: Path, label: str) -> None:
    """Write labels 0, 1, 2, …, each formatted with `label`."""
    for split, count in (("train", 300), ("dev", 100), ("test", 80)):
        path = folder / "data" / f"{split}.label.txt"
        path.write_text("".join(label.format(i % 3, i % 3 + 0.5) + "\n" for i in range(count)))


def group(folder: Path, splits: tuple[str, ...] = ("train", "dev", "test")) -> None:
    """Write groups Q0, Q1, … of ten pairs, each with both labels."""
    for split, count in (("train", 300), ("dev", 100), ("test", 80)):
        if split in splits:
            (folder / "data" / f"{split}.group.txt").write_text("".join(f"Q{i // 10}\n" for i in range(count)))
            (folder / "data" / f"{split}.label.txt").write_text("".join(f"{int(i % 10 < 3)}\n" for i in range(count)))


def written(folder: Path, *options: str) -> str:
    result = pairlens(folder, "init", "data", "--output", "mine.yaml", *options)
    assert (result.code, result.stdout) == (0, ""), result.stderr
    assert "Next: pairlens train mine.yaml --output runs/mine" in result.stderr
    return (folder / "mine.yaml").read_text(encoding="utf-8")


def trains(folder: Path, *options: str) -> None:
    check = pairlens(folder, "check", "mine.yaml")
    assert (check.code, check.stdout) == (0, "mine.yaml: no faults found\n"), check.stderr
    small = ["training.epochs=1", "training.early_stopping=null", "model.conv.filters=4", "model.dnn.units=4"]
    result = pairlens(folder, "train", "mine.yaml", *(part for change in small for part in ("--set", change)))
    assert result.code == 0, result.stderr
    evaluated = pairlens(folder, "evaluate", "runs/mine", "--quiet")
    assert evaluated.code == 0, evaluated.stderr


def test_the_sample(tmp_path: Path) -> None:
    result = pairlens(tmp_path, "init", SAMPLE, "--output", "mine.yaml")
    assert (result.code, result.stdout) == (0, "")
    assert "task binary: labels are 0 and 1" in result.stderr
    config = load_config(tmp_path / "mine.yaml")
    assert (config.task, config.model.embedding.input_dim, config.data.vocab) == ("binary", 304, SAMPLE / "vocab.txt")
    assert (config.data.train, config.data.dev, config.data.test) == tuple(SAMPLE / s for s in ("train", "dev", "test"))
    aligned = load_config(SAMPLE.parents[1] / "configs" / "aligned.yaml")
    assert config.model == aligned.model
    assert config.training.model_copy(update={"early_stopping": None}) == aligned.training.model_copy(
        update={"early_stopping": None}
    )
    assert pairlens(tmp_path, "check", "mine.yaml").code == 0


def test_an_editor_finds_the_schema(folder: Path) -> None:
    first = written(folder).splitlines()[0]
    assert first == "# yaml-language-server: $schema=mine.schema.json"
    assert (folder / "mine.schema.json").read_text() == schema_text()


def test_binary(folder: Path) -> None:
    text = written(folder)
    assert "# Labels are 0 and 1.\n" in text
    config = load_config(folder / "mine.yaml")
    assert (config.task, config.model.embedding.input_dim) == ("binary", 29)
    assert "word_dropout" not in text  # the vocabulary has no unknown word
    trains(folder)


def test_ranking_with_words_as_groups(folder: Path) -> None:
    group(folder)
    assert "task: ranking" in written(folder)
    trains(folder)


def test_multiclass_with_names(folder: Path) -> None:
    relabel(folder, "{0}")
    names = ["CONTRADICTION", "NEUTRAL", "ENTAILMENT", "OTHER"]
    (folder / "data" / "classes.json").write_text(json.dumps(names))
    tokenizer = learn_tokenizer([" ".join(f"word{i}" for i in range(2, VOCABULARY))], min_count=1)
    (folder / "data" / "tokenizer.json").write_text(tokenizer.to_json())
    (folder / "data" / "vocab.txt").write_text("".join(f"{word}\n" for word in tokenizer.vocabulary_lines()))
    assert "# Classes.json names 4 classes" in written(folder)
    config = load_config(folder / "mine.yaml")
    assert (config.task, config.model.classes) == ("multiclass", 4)
    assert config.data.classes == folder / "data" / "classes.json"
    assert config.data.tokenizer == folder / "data" / "tokenizer.json"
    trains(folder)


def test_vectors_of_the_words_that_encode_wrote(tmp_path: Path) -> None:
    """From tables and vectors to a score of a word that train never saw, without editing the config."""
    rows = "".join(f"the cat {i % 7},a dog {i % 5},{i % 2}\n" for i in range(40))
    for split in ("train", "dev"):
        (tmp_path / f"{split}.csv").write_text(f"query,value,label\n{rows}")
    (tmp_path / "v.txt").write_text("the 0 1 2\ncat 1 0 2\nlion 1 0 3\ndog 2 2 2\na 0 0 1\n")
    assert pairlens(tmp_path, "encode", "train.csv", "dev.csv", "-o", "data", "--vectors", "v.txt").code == 0
    text = written(tmp_path)
    assert "    output_dim: 67  # 64 learned from train and 3 of the word vectors\n" in text
    initializer = load_config(tmp_path / "mine.yaml").model.embedding.embeddings_initializer
    assert initializer.model_dump()["vectors"] == tmp_path / "data" / "vocab.vectors.npy"
    (tmp_path / "v.txt").unlink()
    trains(tmp_path)
    pairs = "the lion 1\ta dog 1\nthe tiger 1\ta dog 1\nthe zebra 1\ta dog 1\n"
    lion, tiger, zebra = pairlens(tmp_path, "score", "runs/mine", "--text", "-", stdin=pairs).stdout.splitlines()
    assert lion != tiger == zebra


@pytest.mark.parametrize(
    ("label", "task"), [("{0}", "multiclass"), ("{0}.0", "multiclass"), ("{1}", "regression"), ("-{1}", "regression")]
)
def test_the_task_follows_from_the_labels(folder: Path, label: str, task: str) -> None:
    relabel(folder, label)
    text = written(folder)
    assert f"\ntask: {task}\n" in text
    other = {"multiclass": "regression", "regression": "multiclass"}[task]
    assert f"# Alternative: {other}, if" in text


def relabel_train(folder: Path, text: str) -> None:
    """Repeat the lines of a text as labels of the 300 pairs."""
    (folder / "data" / "train.label.txt").write_text(f"{text}\n" * (300 // len(text.split("\n"))))


def test_probabilities_in_train(folder: Path) -> None:
    """What dev and test have decides: only 0 and 1 are classes, other numbers amounts."""
    relabel_train(folder, "0.25\n0.75")
    assert "# Alternative: regression, if labels are amounts.\ntask: binary\n" in written(folder)
    assert pairlens(folder, "check", "mine.yaml").code == 0
    for split in ("dev", "test"):
        (folder / "data" / f"{split}.label.txt").unlink()
    text = written(folder, "--force")
    assert "# Labels are numbers from 0.25 to 0.75.\n# Alternative: binary, if they are probabilities.\n" in text
    assert "\ntask: regression\n" in text


def test_probabilities_in_train_with_groups(folder: Path) -> None:
    group(folder)
    relabel_train(folder, "0.25\n0.75")
    assert "\ntask: ranking\n" in written(folder)


def test_rows_of_probabilities_in_train(folder: Path) -> None:
    relabel_train(folder, "0.5 0.25 0.25")
    text = written(folder)
    assert "# Train labels are rows of 3 probabilities, one for each class.\n" in text
    assert "\ntask: multiclass\n" in text
    assert "  classes: 3" in text
    (folder / "data" / "classes.json").write_text('["no", "yes"]')
    result = pairlens(folder, "init", "data", "--output", "another.yaml")
    assert (result.code, result.stderr) == (
        2,
        "error: data/classes.json: names 2 classes, but train has rows of 3 probabilities\n",
    )


def test_integers_that_leave_some_out_are_amounts(folder: Path) -> None:
    for split, count in (("train", 300), ("dev", 100), ("test", 80)):
        (folder / "data" / f"{split}.label.txt").write_text("".join(f"{i % 5 + 1}\n" for i in range(count)))
    assert "task: regression" in written(folder)


@pytest.mark.parametrize(("name", "split"), [("valid", "dev"), ("sts-val", "dev"), ("my.test", "test")])
def test_splits_are_known_by_their_names(tmp_path: Path, name: str, split: str) -> None:
    (tmp_path / "data").mkdir()
    for prefix in ("sts-train", name):
        write_split(tmp_path / "data" / prefix, 20, 1)
    written(tmp_path)
    config = load_config(tmp_path / "mine.yaml")
    assert config.data.train == tmp_path / "data" / "sts-train"
    assert getattr(config.data, split) == tmp_path / "data" / name
    assert config.data.vocab is None
    assert config.model.embedding.input_dim <= 29


def test_without_dev_and_without_labels_of_test(folder: Path) -> None:
    for path in (folder / "data").glob("dev.*"):
        path.unlink()
    (folder / "data" / "test.label.txt").unlink()
    result = pairlens(folder, "init", "data", "--output", "mine.yaml")
    assert "warning: no dev split was found" in result.stderr
    assert "warning: data/test.label.txt: no such file; test is left out of the config" in result.stderr
    assert pairlens(folder, "check", "mine.yaml").code == 0


def test_long_and_empty_texts_are_no_fault(folder: Path) -> None:
    path = folder / "data" / "dev.query.txt"
    others = path.read_text().splitlines(keepends=True)[2:]
    path.write_text("".join(["3 " * 700 + "\n", "\n", *others]))
    written(folder)
    config = load_config(folder / "mine.yaml")
    assert (config.data.max_length, config.data.too_long, config.data.empty) == (512, "truncate", "score")
    assert pairlens(folder, "check", "mine.yaml").code == 0


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    (folder / "a b").mkdir()
    (folder / "data").rename(folder / "1e3")
    assert pairlens(folder, "init", "1e3", "--output", "a b/mine.yaml").code == 0
    text = (folder / "a b" / "mine.yaml").read_text()
    assert "train: ../1e3/train" in text
    assert load_config(folder / "a b" / "mine.yaml").data.train == folder / "1e3" / "train"
    (folder / "1e3").rename(folder / "~x: #1")
    shown = pairlens(folder, "init", folder / "~x: #1")
    (folder / "out.yaml").write_text(shown.stdout)
    assert load_config(folder / "out.yaml").data.train == folder / "~x: #1" / "train"


def test_stdout(folder: Path) -> None:
    result = pairlens(folder, "init", "data", "--quiet")
    assert (result.code, result.stderr) == (0, "")
    assert "yaml-language-server" not in result.stdout
    assert "train: data/train" in result.stdout
    assert not (folder / "mine.schema.json").exists()


def test_nothing_is_overwritten(folder: Path) -> None:
    text = written(folder)
    (folder / "mine.yaml").write_text("mine")
    result = pairlens(folder, "init", "data", "--output", "mine.yaml")
    assert result.code == 2
    assert "mine.yaml: exists already" in result.stderr
    (folder / "mine.yaml").unlink()
    result = pairlens(folder, "init", "data", "--output", "mine.yaml")
    assert result.code == 2
    assert "mine.schema.json: exists already" in result.stderr
    assert not (folder / "mine.yaml").exists()
    assert written(folder, "--force") == text
    queries = (folder / "data" / "train.query.txt").read_bytes()
    result = pairlens(folder, "init", "data", "--output", "data/train.query.txt", "--force")
    assert (result.code, (folder / "data" / "train.query.txt").read_bytes()) == (2, queries)


def test_a_config_called_config_is_replaced_like_any_other(folder: Path) -> None:
    """A run's files are never replaced, but a folder with only a `config.yaml` is no run."""
    result = pairlens(folder, "init", "data", "--output", "config.yaml", "--force")
    assert (result.code, (folder / "config.schema.json").exists()) == (0, True), result.stderr
    assert "Written by `pairlens init`" in (folder / "config.yaml").read_text()


FAULTS = [
    ("no folder", "data: No such file or directory"),
    ("no splits", "data: no *.query.txt file has train in its name: none found"),
    ("another name", "data: no *.query.txt file has train in its name: found mine; rename one"),
    ("two of a name", "data: dev and valid could each be the dev split; rename all but one"),
    ("no labels", "data/train.label.txt: no such file, nor one with .gz, .bz2 or .xz; training needs labels"),
    ("fewer labels", "data/train.query.txt: 300 lines, but data/train.label.txt: 1 lines; line N of each belongs to"),
    ("no lines", "data/train.query.txt: the file has no lines"),
    ("words", "data/train.query.txt:1:1: not an integer: 'a'"),
    ("pipe", "data/train.query.txt: not a regular file"),
    ("classes", "data/classes.json: must be a JSON list with a name for each label, from 0"),
    ("few classes", "data/classes.json: names 1 classes, but labels go from 0 to 1"),
]


@pytest.mark.parametrize(("kind", "message"), FAULTS)
def test_what_is_no_data_set(folder: Path, kind: str, message: str) -> None:
    data = folder / "data"
    if kind in ("no folder", "no splits", "another name"):
        data.rename(folder / "elsewhere")
        if kind != "no folder":
            data.mkdir()
        if kind == "another name":
            write_split(data / "mine", 5, 1)
    match kind:
        case "two of a name":
            write_split(data / "valid", 5, 1)
        case "no labels":
            (data / "train.label.txt").unlink()
        case "fewer labels":
            (data / "train.label.txt").write_text("1\n")
        case "no lines":
            for side in ("query", "value", "label"):
                (data / f"train.{side}.txt").write_text("")
        case "words":
            (data / "train.query.txt").write_text("a b\n")
        case "pipe":
            (data / "train.query.txt").unlink()
            os.mkfifo(data / "train.query.txt")
        case "classes":
            (data / "classes.json").write_text('{"0": "no"}')
        case "few classes":
            (data / "classes.json").write_text('["no"]')
    result = pairlens(folder, "init", "data", "--output", "mine.yaml")
    assert (result.code, result.stdout) == (2, "")
    assert f"error: {message}" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / "mine.yaml").exists()


def test_the_size_of_the_train_split_decides_epochs_and_batches(tmp_path: Path) -> None:
    """As in configs/, for Quora's 23,579 pairs and Twitter's 37,916, and fewer."""
    (tmp_path / "data").mkdir()
    for count, expected in ((4_500, (6, 32, 0.1)), (23_579, (6, 128, 0.1)), (37_916, (4, 128, 0.2))):
        labels = np.arange(count) % 2
        for side, line in (("query", "1"), ("value", "2"), ("label", None)):
            text = "".join(f"{line or labels[i]}\n" for i in range(count))
            (tmp_path / "data" / f"train.{side}.txt").write_text(text)
        written(tmp_path, *(["--force"] if count > 5_000 else []))
        config = load_config(tmp_path / "mine.yaml")
        found = config.training.epochs, config.training.batch_size, config.model.dnn.dropout
        assert found == expected
