"""Files of events: what a dead process left is read up to its last whole record, and goes on from any step."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboardX.summary import scalar

from pairlens.runs.event_files import EventFile, events_of

STEPS = [1, 2, 3]


def written(run: Path, start: int, steps: list[int]) -> Path:
    file = EventFile(run, start)
    for step in steps:
        file.add(step, scalar("loss", step))
    return run / "tensorboard" / f"events.out.tfevents.{start:010}"


def steps_in(run: Path) -> list[list[int]]:
    """The steps in each file, without the event that says which format it has."""
    files = sorted((run / "tensorboard").iterdir())
    return [[event.step for event, _ in events_of(file)][1:] for file in files]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("events"), 0, STEPS).read_bytes()


@settings(max_examples=60)
@given(at=st.integers(0, 200), flipped=st.integers(0, 255), zeros=st.booleans())
def test_damage_hides_no_record_before_it(content: bytes, at: int, flipped: int, zeros: bool) -> None:
    """Cut off (0), or a byte changed, anywhere; after a power cut, a file may go on with zeros."""
    at %= len(content)
    damaged = content[:at] + (
        bytes([content[at] ^ flipped]) + content[at + 1 :] if flipped else bytes(64) if zeros else b""
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events"
        path.write_bytes(content)
        ends = [end for _, end in events_of(path)]
        path.write_bytes(damaged)
        found = [end for _, end in events_of(path)]
    assert found == [end for end in ends if end <= at]


@pytest.mark.parametrize("name", ["1764260000.myhost.1.v2", "1764260000.myhost", "12", "0000000000x", "٠٠٠٠٠٠٠٠٠٠"])
def test_files_of_other_programs_stay(tmp_path: Path, name: str) -> None:
    """Other writers begin their names in the same way, most with the time."""
    other = written(tmp_path, 0, STEPS).rename(tmp_path / "tensorboard" / f"events.out.tfevents.{name}")
    before = other.read_bytes()
    assert not EventFile(tmp_path, 1).continues
    assert other.read_bytes() == before


def test_what_only_the_end_writes_is_cut_off(tmp_path: Path) -> None:
    file = EventFile(tmp_path, 0)
    for tag in ("loss", "result/accuracy"):
        file.add(3, scalar(tag, 1))
    assert EventFile(tmp_path, 3, of_end=["result/"]).continues
    assert steps_in(tmp_path) == [[3], []]


def test_it_goes_on_from_a_step(tmp_path: Path) -> None:
    written(tmp_path, 0, STEPS)
    assert steps_in(tmp_path) == [[1, 2, 3]]
    written(tmp_path, 2, [3, 4])  # step 3 was not in the checkpoint
    assert steps_in(tmp_path) == [[1, 2], [3, 4]]
    written(tmp_path, 2, [3])
    assert steps_in(tmp_path) == [[1, 2], [3]]
    written(tmp_path, 1, [2])
    assert steps_in(tmp_path) == [[1], [2]]
    assert not EventFile(tmp_path, 0).continues
    assert steps_in(tmp_path) == [[]]
