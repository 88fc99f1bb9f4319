"""Outputs in shards are byte for byte those of one process: any format, any inputs, any number of shards."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command_line import lines
from models import make_config, random_texts, random_weights

from pairlens import api
from pairlens.attention import stream
from pairlens.attention.selection import Selection
from pairlens.errors import DataError, UsageError
from pairlens.files import whole_file
from pairlens.jobs.attend_job import AttendJob
from pairlens.jobs.input_files import InputFiles
from pairlens.jobs.prediction_lines import PredictionWriter
from pairlens.jobs.prior import Prior
from pairlens.jobs.score_job import Listener, ScoreJob
from pairlens.jobs.score_request import ScoreRequest
from pairlens.jobs.shards.directory import ShardDirectory
from pairlens.jobs.shards.makers import AttendMaker, PredictionMaker, ScoreMaker
from pairlens.jobs.shards.merge import Merge
from pairlens.jobs.shards.shards import Maker, Shards
from pairlens.runs.names import TOKENIZER
from pairlens.runs.run import Run
from pairlens.scoring import windows
from pairlens.texts.lines import read_labels

CHUNK, PAIRS = 8, 61
WORDS = ["study", "learn", "French", "apples", "a", "house", "in", "Paris", "sell", "find"]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_CHUNK_PAIRS", CHUNK)
    monkeypatch.setattr(stream, "_CHUNK", 4)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path)


def make_run(folder: Path, masking: str = "exact", **model: Any) -> Path:
    """A run with random weights and a tokenizer of words."""
    (folder / "train.csv").write_text(
        "query,value,label\n" + "".join(f"{w} {w},{w} x{i},1\n" for i, w in enumerate(WORDS))
    )
    api.encode({"train": folder / "train.csv"}, folder / "encoded", force=True)
    config = make_config(masking=masking, batch_size=3, **model)
    tokenizer = (folder / "encoded" / "tokenizer.json").read_bytes()
    Run.create(folder / "run", config, {}, carried={TOKENIZER: tokenizer}).write_weights(random_weights(config))
    return folder / "run"


def texts(seed: int, count: int = PAIRS) -> list[str]:
    """Texts of known words, some of which are equal."""
    return [" ".join(WORDS[i % len(WORDS)] for i in text) for text in random_texts(count, 4, 23, seed)]


def id_files(folder: Path, *counts: int, suffix: str = ".txt") -> InputFiles:
    parts = []
    for i, count in enumerate(counts):
        paths = [folder / f"{i}.{side}{suffix}" for side in ("query", "value")]
        for seed, path in enumerate(paths):
            content = lines([text.tolist() for text in random_texts(count, 6, 23, 2 * i + seed)]).encode()
            path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
        parts.append(tuple(paths))
    return InputFiles("ids", tuple(parts), ("queries", "values"))


def tables(folder: Path, *counts: int, kind: str) -> InputFiles:
    paths = []
    for i, count in enumerate(counts):
        path = folder / f"{i}.{kind}"
        rows = list(zip(texts(2 * i, count), texts(2 * i + 1, count), strict=True))
        if kind == "jsonl":
            path.write_text("".join(json.dumps({"query": q, "value": f"{v}\n"}) + "\n" for q, v in rows))
        else:
            path.write_text("query,value,note\n" + "".join(f'"{q}\n,",{v},n\n' for q, v in rows))
        paths.append((path,))
    return InputFiles("tables", tuple(paths), (f"*.{kind}", f"*.{kind}"))


def text_files(folder: Path, *counts: int) -> InputFiles:
    parts = []
    for i, count in enumerate(counts):
        paths = [folder / f"{i}.{side}.words" for side in ("query", "value")]
        for seed, path in enumerate(paths):
            path.write_text("".join(f"{text}é\r\n" for text in texts(2 * i + seed, count)))
        parts.append(tuple(paths))
    return InputFiles("texts", tuple(parts), ("queries", "values"))


def in_shards(maker: Maker, files: InputFiles, directory: Path, count: int, order: Sequence[int] = ()) -> bytes:
    """Write all shards, then merge them."""
    shards = Shards(maker, files, directory)
    manifest = shards.begin(count)
    pairs = sum(shards.write(manifest, number, Listener()) for number in order or range(1, count + 1))
    merged = Merge(directory)
    assert pairs == merged.pairs
    file = io.BytesIO()
    merged.write(file, directory, lambda _: None)
    return file.getvalue()


def scored(request: ScoreRequest, files: InputFiles, path: Path, skip_bad: bool = False) -> bytes:
    """What one process writes."""
    source = files.source(request.run.tokenizer)
    writer = request.writer(files.first_table if files.kind == "tables" else source)
    job = ScoreJob(request.scorer(), source, writer, skip_bad)
    with whole_file(path) as file:
        job.run({"output": file}, Listener())
    return path.read_bytes()


@pytest.mark.parametrize("count", [1, 2, 5, 13])
@pytest.mark.parametrize(("format_", "suffix"), [("text", ".txt"), ("tsv", ".tsv"), ("jsonl", ".jsonl.gz")])
def test_scores_of_ids(run: Path, tmp_path: Path, format_: Any, suffix: str, count: int) -> None:
    files, request = id_files(tmp_path, PAIRS), ScoreRequest(run, format_)
    whole = scored(request, files, tmp_path / f"one{suffix}")
    assert in_shards(ScoreMaker(request, files, suffix), files, tmp_path / "d", count) == whole


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
@pytest.mark.parametrize(("format_", "output"), [("text", ".txt.gz"), ("jsonl", ".jsonl")])
def test_scores_of_parts(run: Path, tmp_path: Path, format_: Any, output: str, suffix: str) -> None:
    """Pairs are numbered through; members of a compressed output end where parts do."""
    files, request = id_files(tmp_path, 3, 20, 0, 8, 17, suffix=suffix), ScoreRequest(run, format_)
    whole = scored(request, files, tmp_path / f"one{output}")
    joined = [path.read_bytes() for part in files.parts for path in part]
    for side, path in enumerate((tmp_path / "q.txt", tmp_path / "v.txt")):
        contents = joined[side::2]
        path.write_bytes(b"".join(map(gzip.decompress, contents) if suffix.endswith(".gz") else contents))
    one_file = InputFiles("ids", ((tmp_path / "q.txt", tmp_path / "v.txt"),), ("q", "v"))
    joined_scores = scored(request, one_file, tmp_path / "joined")
    assert (gzip.decompress(whole) if output.endswith(".gz") else whole) == joined_scores
    for count in (1, 2, 4, 9):
        assert in_shards(ScoreMaker(request, files, output), files, tmp_path / f"{count}", count) == whole


@pytest.mark.parametrize("output", [".csv", ".csv.gz", ".jsonl"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_scores_of_tables(run: Path, tmp_path: Path, kind: str, output: str) -> None:
    """Rows with line ends in them; the names of the columns come once."""
    files, request = tables(tmp_path, 5, 12, 1, 9, kind=kind), ScoreRequest(run, None, output=Path(f"o{output}"))
    whole = scored(request, files, tmp_path / f"one{output}")
    for count in (1, 3, 6):
        assert in_shards(ScoreMaker(request, files, output), files, tmp_path / f"{count}", count) == whole


def test_tables_with_other_columns_are_refused(run: Path, tmp_path: Path) -> None:
    files, request = tables(tmp_path, 2, 2, kind="csv"), ScoreRequest(run, None)
    (tmp_path / "1.csv").write_text("value,query,note\na,b,c\n")
    with pytest.raises(UsageError, match=r"1\.csv: other columns than .*0\.csv; parts must have the same columns"):
        scored(request, files, tmp_path / "one.csv")
    with pytest.raises(UsageError, match="other columns"):
        in_shards(ScoreMaker(request, files, ".csv"), files, tmp_path / "d", 2, [2])


@pytest.mark.parametrize("format_", ["text", "jsonl"])
def test_scores_of_lines_of_text(run: Path, tmp_path: Path, format_: Any) -> None:
    files, request = text_files(tmp_path, PAIRS, 5), ScoreRequest(run, format_)
    whole = scored(request, files, tmp_path / "one")
    assert in_shards(ScoreMaker(request, files, ".txt"), files, tmp_path / "d", 6) == whole


@pytest.mark.parametrize(("task", "classes"), [("multiclass", 3), ("regression", None), ("ranking", None)])
def test_every_task(tmp_path: Path, task: Any, classes: int | None) -> None:
    """Scores, predictions and attention; empty texts count, and lines end with CRLF."""
    run, files = make_run(tmp_path, task=task, classes=classes, empty="score"), id_files(tmp_path, PAIRS)
    for i, path in enumerate(files.paths):
        content = path.read_bytes().replace(b"\n", b"\r\n").removesuffix(b"\r\n")
        path.write_bytes(b"\xef\xbb\xbf" * i + content.replace(b"\r\n1 ", b"\r\n\r\n1 ", 1).rpartition(b"\r\n")[0])
    whole = scored(ScoreRequest(run, "jsonl"), files, tmp_path / "one")
    assert in_shards(ScoreMaker(ScoreRequest(run, "jsonl"), files, ".jsonl"), files, tmp_path / "d", 3) == whole
    label, path = tmp_path / "label.txt", tmp_path / "one.tsv"
    label.write_text("1\n" * whole.count(b"\n"))
    predicted = in_shards(PredictionMaker(run, label, ".tsv"), files, tmp_path / "p", 3).decode().splitlines()
    assert predicted[0] == ("label\tscore_0\tscore_1\tscore_2" if classes else "label\tscore")
    scores = [json.loads(line)["score"] for line in whole.splitlines()]
    shown = [[float(number) for number in line.split("\t")[1:]] for line in predicted[1:]]
    assert shown == [score if classes else [score] for score in scores]
    job = AttendJob(Run.open(run), files.source(Run.open(run).tokenizer), Selection())
    job.write_matrices(job.chunks("matrices"), path, "float16")
    assert in_shards(AttendMaker(run, ".tsv", "float16"), files, tmp_path / "a", 3) == path.read_bytes()


def test_batches_of_plain_keras_are_not_cut(tmp_path: Path) -> None:
    """With `masking: none` a score depends on the batch; shards are cut at whole batches."""
    run, files = make_run(tmp_path, masking="none"), id_files(tmp_path, PAIRS)
    whole = scored(ScoreRequest(run), files, tmp_path / "one")
    for count in (2, 3, 7):
        assert in_shards(ScoreMaker(ScoreRequest(run), files, ".txt"), files, tmp_path / f"{count}", count) == whole


def test_bad_lines(run: Path, tmp_path: Path) -> None:
    """A fault is named by file and line, and numbered as by one process."""
    files, request = id_files(tmp_path, 20, 20), ScoreRequest(run, "jsonl")
    path = files.parts[1][1]
    path.write_text(path.read_text().replace("\n", "\nx\n", 1).removesuffix("\n").rpartition("\n")[0] + "\n")
    whole = scored(request, files, tmp_path / "one", skip_bad=True)
    assert json.loads(whole.splitlines()[21]) == {
        "pair": 21,
        "score": None,
        "query": None,
        "value": None,
        "error": f"{path}:2:1: not an integer: 'x'; a text is base-10 ids separated by blanks; for words use --text or "
        "encode",
    }
    assert in_shards(ScoreMaker(request, files, ".jsonl", True), files, tmp_path / "d", 5) == whole
    with pytest.raises(DataError, match=rf"{path}:2:1: not an integer"):
        in_shards(ScoreMaker(request, files, ".jsonl"), files, tmp_path / "e", 5)


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz"])
def test_predictions(run: Path, tmp_path: Path, suffix: str) -> None:
    files = id_files(tmp_path, PAIRS)
    (tmp_path / "label.txt").write_text("0\n1\n" * (PAIRS // 2) + "1\n")
    scores = api.load(run).score(*(random_texts(PAIRS, 6, 23, seed) for seed in (0, 1)))
    with whole_file(tmp_path / f"one{suffix}") as file:
        PredictionWriter(read_labels(tmp_path / "label.txt", "binary"), None).write_all(file, scores, CHUNK)
    maker = PredictionMaker(run, tmp_path / "label.txt", suffix)
    assert in_shards(maker, files, tmp_path / "d", 3) == (tmp_path / f"one{suffix}").read_bytes()


@pytest.mark.parametrize("least", [None, 0.5, 2.0], ids=["all", "some", "none"])
@pytest.mark.parametrize("suffix", [".npz", ".jsonl", ".jsonl.gz", ".tsv", ".tsv.gz"])
def test_files_of_matrices(run: Path, tmp_path: Path, suffix: str, least: float | None) -> None:
    files, path = id_files(tmp_path, 40, 21), tmp_path / f"one{suffix}"
    job = AttendJob(Run.open(run), files.source(Run.open(run).tokenizer), Selection(min_score=least))
    job.write_matrices(job.chunks("matrices"), path, "float32")
    for count in (1, 2, 5):
        maker = AttendMaker(run, suffix, min_score=least)
        assert in_shards(maker, files, tmp_path / f"{count}", count) == path.read_bytes()


# ---- the directory ---------------------------------------------------------------------------------------------------


def begun(run: Path, tmp_path: Path, count: int = 3) -> Shards:
    files = id_files(tmp_path, PAIRS)
    shards = Shards(ScoreMaker(ScoreRequest(run), files, ".txt"), files, tmp_path / "d")
    shards.begin(count)
    return shards


def test_a_part_that_is_there_is_not_written_again(run: Path, tmp_path: Path) -> None:
    """Unless its bytes are not those recorded."""
    shards = begun(run, tmp_path)
    manifest = shards.begin(3)
    path = tmp_path / "d" / "part-00002-of-00003.txt"
    pairs = shards.write(manifest, 2, Listener())
    before, times = path.read_bytes(), path.stat().st_mtime_ns
    assert shards.write(manifest, 2, Listener()) == pairs
    assert path.stat().st_mtime_ns == times
    for damage in (before[:-1], bytes([before[0] ^ 1]) + before[1:]):
        path.write_bytes(damage)
        shards.write(manifest, 2, Listener())
        assert path.read_bytes() == before
    path.unlink()
    shards.write(manifest, 2, Listener())
    assert path.read_bytes() == before


def test_missing_parts_are_named(run: Path, tmp_path: Path) -> None:
    shards = begun(run, tmp_path, 7)
    for number in (1, 3):
        shards.write(shards.begin(7), number, Listener())
    with pytest.raises(UsageError) as error:
        Merge(tmp_path / "d")
    assert str(error.value) == (
        f"{tmp_path}/d: 5 of 7 parts are missing or damaged: 2, 4-7; write them with --shard 2/7 and so on"
    )


def test_a_damaged_part_is_not_merged(run: Path, tmp_path: Path) -> None:
    shards = begun(run, tmp_path)
    for number in (1, 2, 3):
        shards.write(shards.begin(3), number, Listener())
    path = tmp_path / "d" / "part-00003-of-00003.txt"
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(DataError, match=rf"^{path}: damaged; remove it, and write it again with --shard 3/3$"):
        Merge(tmp_path / "d").write(io.BytesIO(), None, lambda _: None)


@pytest.mark.parametrize("change", ["the run", "--symmetric", "--prior", "the shards", "the files"])
def test_another_job_is_refused(run: Path, tmp_path: Path, change: str) -> None:
    shards = begun(run, tmp_path)
    request, files, count = ScoreRequest(run, symmetric=change == "--symmetric"), shards.files, 3
    if change == "--prior":
        request = ScoreRequest(run, prior=Prior(0.2, 0.5))
    if change == "the run":
        Run(run).write_weights(random_weights(make_config(), seed=5))
    if change == "the shards":
        count = 4
    if change == "the files":
        files = InputFiles("ids", files.parts, ("others", "values"))
    with pytest.raises(UsageError) as error:
        Shards(ScoreMaker(request, files, ".txt"), files, tmp_path / "d").begin(count)
    assert str(error.value).startswith(f"{tmp_path}/d/manifest.json: is of another job; {change}: ")
    assert str(error.value).endswith(" now. Choose another directory, or remove this one")


def test_an_input_that_has_changed_is_refused(run: Path, tmp_path: Path) -> None:
    """Only by the shards that read it."""
    files = id_files(tmp_path, 20, 20)
    shards = Shards(ScoreMaker(ScoreRequest(run), files, ".txt"), files, tmp_path / "d")
    manifest = shards.begin(2)
    path = files.parts[1][0]
    path.write_text(path.read_text()[:-2] + "7\n")
    shards.write(manifest, 1, Listener())
    with pytest.raises(DataError, match=rf"^{path}: has changed since the first shard began"):
        shards.write(manifest, 2, Listener())


def test_a_part_of_another_division_is_refused(run: Path, tmp_path: Path) -> None:
    shards = begun(run, tmp_path, 1)
    shards.write(shards.begin(1), 1, Listener())
    (tmp_path / "d" / "part-00001-of-00002.txt").touch()
    with pytest.raises(UsageError, match=r"part-00001-of-00002\.txt: is not among the 1 parts of .*; remove it"):
        Merge(tmp_path / "d")


def test_merging_sweeps_what_the_dead_left(run: Path, tmp_path: Path) -> None:
    shards = begun(run, tmp_path, 2)
    for number in (1, 2):
        shards.write(shards.begin(2), number, Listener())
    folder = tmp_path / "d"
    whole = {path.name for path in folder.iterdir()} - {".manifest.busy"}
    part = "part-00002-of-00002"
    for name in (f"{part}.txt.partial", f"{part}.txt.progress", f".{part}.json.0123abcd.partial", "notes"):
        (folder / name).touch()
    Merge(folder).sweep()
    assert {path.name for path in folder.iterdir()} == whole | {"notes"}


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": 2}', "\x00"])
def test_a_damaged_manifest(run: Path, tmp_path: Path, content: str) -> None:
    begun(run, tmp_path)
    (tmp_path / "d" / "manifest.json").write_text(content)
    with pytest.raises(UsageError, match=r"manifest\.json: damaged, or of another version of pairlens; remove "):
        ShardDirectory(tmp_path / "d").manifest()


def test_what_cannot_be_cut(run: Path, tmp_path: Path) -> None:
    for files in (id_files(tmp_path, 20, suffix=".txt.gz"), tables(tmp_path, 20, kind="csv")):
        shards = Shards(ScoreMaker(ScoreRequest(run), files, ".txt"), files, tmp_path / "d")
        with pytest.raises(UsageError, match="tables, compressed files and UTF-16 are not cut; give one shard"):
            shards.begin(2)


def test_only_what_is_ours_is_removed(run: Path, tmp_path: Path) -> None:
    shards = begun(run, tmp_path, 2)
    for number in (1, 2):
        shards.write(shards.begin(2), number, Listener())
    (tmp_path / "d" / "notes").touch()
    Merge(tmp_path / "d").remove_parts()
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["notes"]


def test_more_shards_than_pairs(run: Path, tmp_path: Path) -> None:
    """Most parts are empty."""
    shards = begun(run, tmp_path, 100)
    manifest, do = shards.begin(100), shards.prepare()
    assert sum(map(do, range(1, 101))) == PAIRS
    assert shards.unfinished(manifest) == []
    assert Merge(tmp_path / "d").pairs == PAIRS


def test_labels_that_have_changed_are_another_job(run: Path, tmp_path: Path) -> None:
    files, label = id_files(tmp_path, PAIRS), tmp_path / "label.txt"
    label.write_text("0\n" * PAIRS)
    shards = Shards(PredictionMaker(run, label, ".tsv"), files, tmp_path / "d")
    shards.write(shards.begin(2), 1, Listener())
    label.write_text("1\n" * PAIRS)
    with pytest.raises(UsageError, match=r"is of another job; the labels: "):
        shards.begin(2)
    for labels, message in (
        ("1\n", "61 lines, but .*label.txt: 1 lines"),
        ("1\n" * 99, "61 lines, but .*label.txt: 99 lines"),
    ):
        label.write_text(labels)
        with pytest.raises(DataError, match=message):
            Shards(PredictionMaker(run, label, ".tsv"), files, tmp_path / "e").begin(2)


def test_a_directory_of_something_else_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "precious").touch()
    with pytest.raises(UsageError, match="contains other files, such as precious; choose another directory"):
        begun(run, tmp_path)
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["precious"]
