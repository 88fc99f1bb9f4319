"""The Markdown pages: examples print what the pages show, links lead somewhere, tables are those of the commands."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from command_line import made_once
from command_options import commands
from rerun_pages import PAGES, ROOT, Example, examples_of, make_folder, rerun, shortened, with_outputs, with_tables

DOCUMENTS = [
    path
    for folder in (ROOT, *(ROOT / name for name in ("cli", "model", "configs", "data", "tests", ".github")))
    for path in sorted(folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
]
TRAIN = "pairlens train mine.yaml"
SLOW = "pairlens selftest"  # which test_selftest.py runs


def hurried(command: str) -> str:
    """Two epochs are enough to say what the pages say, and selftest has its own test."""
    return "true" if command == SLOW else command.replace(TRAIN, f"{TRAIN} --set training.epochs=2")


def comparable(example: Example) -> str:
    """The output without what differs between machines and with other weights, above all numbers with a point."""
    text = re.sub(r"[+-]?\d[\d,]*(\.\d*(e[+-]?\d+)?|e[+-]?\d+)", "#", example.output)
    text = re.sub(r"[\d,]+ pairs/s", "# pairs/s", text)
    text = re.sub(r"#,[01]$", "#,decision", text, flags=re.MULTILINE)
    if example.source.startswith("pairlens attend"):
        text = re.sub(r"strongest: .*", "strongest", text)
        text = re.sub(r"[ ░▒▓█]*\d+(?=[ %\n░▒▓█]|$)", "", text)  # the cells of a map; those of 0 are blank
    if example.source.startswith("pairlens rank"):
        text = re.sub(r"^(\d+\t\d+)\t\d+", r"\1 candidate", text, flags=re.MULTILINE)
    return "\n".join(" ".join(line.split()).replace("# ", "#") for line in text.splitlines())


@pytest.fixture(scope="session")
def readme_rerun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's examples were run; what they printed is in `outputs.json`."""

    def make(folder: Path) -> None:
        folder.mkdir()
        make_folder(folder)
        rerun_examples = rerun((ROOT / "README.md").read_text(encoding="utf-8"), folder, hurried)
        (folder / "outputs.json").write_text(json.dumps(rerun_examples))

    return made_once(tmp_path_factory, "readme", make)


@pytest.mark.parametrize("name", PAGES)
def test_examples_print_what_the_page_shows(name: str, readme_rerun: Path, tmp_path: Path) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    if name == "README.md":
        printed = [Example(*values) for values in json.loads((readme_rerun / "outputs.json").read_text())]
    else:
        shutil.copytree(readme_rerun, tmp_path / "copy")
        printed = rerun(page, tmp_path / "copy", hurried)
    shown = examples_of(page)
    assert len(shown) > 1
    for one, other in zip(shown, printed, strict=True):
        if one.source != SLOW:
            assert (one.source, comparable(other)) == (one.source, comparable(one))


def test_the_generated_tables_are_those_of_the_commands() -> None:
    page = (ROOT / "cli" / "README.md").read_text(encoding="utf-8")
    assert with_tables(page) == page, "make docs updates the page"
    assert re.findall("^<!-- options: (.*) -->$", page, re.MULTILINE) == list(commands())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        file, _, heading = link.partition("#")
        if "://" in link:
            continue
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def anchors(path: Path) -> set[str]:
    """The names of a page's headings in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 250


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_results_are_those_of_the_configs(path: Path) -> None:
    """Mean and deviation in the head of a config are in the README and in configs/README.md, without the leading 0."""
    for mean, deviation in re.findall(r"0(\.\d+) ± 0(\.\d+)", path.read_text(encoding="utf-8")):
        for page in ("README.md", "configs/README.md"):
            assert f"{mean} ± {deviation}" in (ROOT / page).read_text(encoding="utf-8"), page


PAGE = """\
```console
$ printf '%s\\n' 1 2 3 4
1
…
9
$ echo a \\
    b
```

```pycon
>>> x = 2
>>> for _ in range(2):
...     print(x)
>>> x * 3
7
```
"""


def test_a_page_gets_its_new_outputs(tmp_path: Path) -> None:
    new = with_outputs(PAGE, rerun(PAGE, tmp_path))
    assert new == PAGE.replace("…\n9", "…\n4").replace("    b\n", "    b\na b\n").replace(
        "print(x)\n", "print(x)\n2\n2\n"
    ).replace("7\n", "6\n")
    assert with_outputs(new, rerun(new, tmp_path)) == new


def test_a_wrong_output_is_found(tmp_path: Path) -> None:
    new, old = rerun(PAGE, tmp_path), examples_of(PAGE)
    assert [one.source for one, other in zip(new, old, strict=True) if comparable(one) != comparable(other)] == [
        "printf '%s\\n' 1 2 3 4",
        "echo a \\\n    b",
        "for _ in range(2):\n    print(x)",
        "x * 3",
    ]


def test_outputs_are_shortened_as_the_page_shows() -> None:
    output = "1\n2\n3\n4\n"
    assert shortened(output, "a\nb\n") == output
    assert shortened(output, "a\n…\n") == "1\n…\n"
    assert shortened(output, "…\nb\nc\n") == "…\n3\n4\n"
    assert shortened(output, "a\nb\n…\nc\nd\n") == output  # nothing is left out
