"""The environment that a run records."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from running import run_to_end

from pairlens.config.schema import Config
from pairlens.runs.environment import by_role, checksums, describe_environment


def make_config(folder: Path, **data: Any) -> Config:
    for split in ("train", "dev"):
        for side, text in (("query", "1\n"), ("value", ""), ("label", "abc")):
            (folder / f"{split}.{side}.txt").write_text(text)
    data = {"train": folder / "train", **data}
    return Config.model_validate({"data": data, "model": {"embedding": {"input_dim": 5}}})


# From FIPS 180-2, appendix B.1 (abc); the others by sha256sum(1).
SHA256 = {
    "query": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865",
    "value": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "label": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
}


def test_checksums_of_all_that_training_reads(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    assert checksums(config) == {f"{tmp_path}/train.{side}.txt": digest for side, digest in SHA256.items()}
    both = make_config(tmp_path, dev=tmp_path / "dev", test=tmp_path / "nothing")
    assert checksums(both).keys() == {f"{tmp_path}/{s}.{side}.txt" for s in ("train", "dev") for side in SHA256}


def test_checksums_of_several_prefixes(tmp_path: Path) -> None:
    """A prefix may begin like another; the first has the roles of a single one."""
    config = make_config(tmp_path)
    for side, text in (("query", "1\n"), ("value", ""), ("label", "abc")):
        (tmp_path / f"train.more.{side}.txt").write_text(text)
    both = make_config(tmp_path, train=[tmp_path / "train", tmp_path / "train.more"], dev=tmp_path / "dev")
    found = by_role(checksums(both), both)
    names = {"train": "train", "train.1": "train.more", "dev": "dev"}
    assert found == {
        f"{role}.{side}": (f"{tmp_path}/{name}.{side}.txt", digest)
        for role, name in names.items()
        for side, digest in SHA256.items()
    }
    single = make_config(tmp_path, train=[tmp_path / "train"])
    assert by_role(checksums(single), single) == by_role(checksums(config), config)


def test_a_vocabulary_is_read_where_embeddings_start_from_spelling(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("abc")
    config = make_config(tmp_path, vocab=tmp_path / "vocab.txt")
    assert f"{tmp_path}/vocab.txt" not in checksums(config)
    spelled = {"input_dim": 5, "embeddings_initializer": {"name": "ppmi_svd", "spelling": 1.0}}
    config = Config.model_validate({"data": config.data.model_dump(), "model": {"embedding": spelled}})
    assert checksums(config)[f"{tmp_path}/vocab.txt"] == SHA256["label"]


def test_what_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = describe_environment(make_config(tmp_path), ["pairlens", "train", "x.yaml"])
    assert environment["command"] == ["pairlens", "train", "x.yaml"]
    assert environment["directory"] == str(tmp_path)
    assert environment["processors"] >= 1
    assert datetime.fromisoformat(environment["created"]).tzinfo is not None
    assert set(environment["packages"]) == {"pairlens", "tensorflow", "tf-keras", "numpy", "numba"}


def test_the_git_commit_is_that_of_the_folder_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It equals the output of git: on a branch, packed, and detached."""

    def git(*arguments: str) -> str:
        name = ["-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main"]
        command = ["git", *name, *arguments]
        return run_to_end(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    config = make_config(tmp_path)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    git("init")
    assert describe_environment(config, [])["git_commit"] is None  # no commit yet
    git("commit", "--allow-empty", "--message", "one")
    commit = git("rev-parse", "HEAD")
    for then in (["status"], ["pack-refs", "--all"], ["checkout", "--detach"]):
        git(*then)
        assert describe_environment(config, [])["git_commit"] == commit


def test_the_git_commit_of_a_worktree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a worktree `.git` is a file that names a directory, which shares its branches with others."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e", *arguments]
        return run_to_end(command, cwd=Path.cwd(), check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "main").mkdir()
    monkeypatch.chdir(tmp_path / "main")
    git("init")
    git("commit", "--allow-empty", "--message", "one")
    git("worktree", "add", "-b", "other", "../tree")
    monkeypatch.chdir(tmp_path / "tree")
    git("commit", "--allow-empty", "--message", "two")
    commit = git("rev-parse", "HEAD")
    for then in (["status"], ["pack-refs", "--all"], ["checkout", "--detach"]):
        git(*then)
        assert describe_environment(make_config(tmp_path), [])["git_commit"] == commit
