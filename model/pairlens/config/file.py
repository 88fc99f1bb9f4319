"""Config files: reading them, applying `--set`, checking the whole, and writing a config out again."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pairlens.config.contradictions import contradictions
from pairlens.config.faults import explain, fault_at, shown
from pairlens.config.idle import idle_settings
from pairlens.config.located import Fault, Located, Place, located_tree, read_located
from pairlens.config.overrides import apply_change, apply_override
from pairlens.config.schema import OF_RUN, Config
from pairlens.errors import ConfigError, UsageError
from pairlens.locations.location import Location, located
from pairlens.locations.remote import Remote

_PATHS = [("data", key) for key in ("train", "dev", "test", "vocab", "tokenizer", "classes")] + [
    ("model", "embedding", "pretrained"),
    ("model", "embedding", "embeddings_initializer", "vectors"),
    ("training", "warm_start"),
]
FORMAT = 1  # of the run directories that this version writes; a config without the key has format 0
_FORMAT_KEY = "format"
_PLAIN_PATH = re.compile(r"[A-Za-z./][\w./-]*[A-Za-z]")
CONFIG_END = "\n...\n"  # YAML's end-of-document mark: a run's config that lacks it was cut off


Overrides = Sequence[str] | Mapping[str, Any]


def load_config(path: Location, overrides: Overrides = (), of_run: bool = False) -> Config:
    """Read a config file, apply the overrides in order, and check the whole.

    Overrides are `KEY=VALUE`, where the value is YAML, or a mapping of keys to values that was built in code.

    A relative path is relative to the file's folder, which may be remote; in an override, to the working directory.

    Args:
        of_run: the config belongs to an existing run, in which settings without effect are allowed.

    Raises:
        ConfigError: lists every fault, those of the file in its order and then those of the overrides; or the
            format alone if that is later than FORMAT.
    """
    return _checked(*_read_tree(path, overrides), of_run)


def config_loader(path: Location, overrides: Sequence[str] = ()) -> Callable[[Sequence[str]], Config]:
    """Read a config file once, to load it with many further overrides; they are given to the function returned, which
    raises as `load_config` does."""
    tree, faults, refused = _read_tree(path, overrides)

    def load(further: Sequence[str]) -> Config:
        changed, found, more = _overridden(tree, list(faults), further)
        return _checked(changed, found, [*refused, *more], False)

    return load


def config_of(mapping: Mapping[str, Any], overrides: Overrides = ()) -> Config:
    """The config that a mapping with the keys of a config file describes; otherwise as `load_config`.

    A relative path is relative to the working directory.
    """
    return _checked(*_overridden(located_tree(mapping, Place("config", None, Path.cwd())), [], overrides), False)


def _checked(tree: Located, faults: list[Fault], refused: list[str], of_run: bool) -> Config:
    raw = _plain(tree, faults)
    try:
        config = Config.model_validate(raw, context={OF_RUN: of_run})
    except ValidationError as error:
        faults += explain(error, tree)
        found = [*contradictions(raw), *(() if of_run else idle_settings(raw))]
        faults += [fault_at(tree, location, must_be) for location, must_be in found]
    if faults or refused:
        faults.sort(key=lambda fault: fault.place.line or sys.maxsize)
        raise ConfigError([*map(str, faults), *refused])
    return config


def dump_config(config: Config) -> str:
    """A run's config as YAML: its format, every default written out, every path absolute, and an end mark.

    `load_config` of the text returns an equal config.
    """
    return _yaml({_FORMAT_KEY: FORMAT, **config.model_dump(mode="json")}) + CONFIG_END.lstrip()


def resolved_text(config: Config) -> str:
    """The config as YAML for people: every default written out, every path absolute."""
    return _yaml(config.model_dump(mode="json"))


def written_text(path: Location, overrides: Sequence[str] = ()) -> str:
    """A config file with the overrides applied, as YAML for people: only the keys that are given, every path absolute.

    Raises:
        ConfigError: as `load_config` does.
    """
    load_config(path, overrides)
    return _yaml(_plain(_read_tree(path, overrides)[0], []))


def path_text(path: str) -> str:
    """A path as written in a config: quoted where YAML would read something else, with ./ before a literal ~."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    path = f"./{path}" if path.startswith("~") else path
    return yaml.dump(path, Dumper=_Dumper, default_style='"', allow_unicode=True, width=sys.maxsize).rstrip("\n")


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)


class _Dumper(yaml.SafeDumper):
    """Quotes and escapes strings that are not printable, because PyYAML would change some Unicode line breaks."""

    def represent_str(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')

    def represent_path(self, path: Location) -> yaml.ScalarNode:
        return self.represent_str(str(path))


_Dumper.add_representer(str, _Dumper.represent_str)
_Dumper.add_multi_representer(Path, _Dumper.represent_path)
_Dumper.add_representer(Remote, _Dumper.represent_path)


def _read_tree(path: Location, overrides: Overrides) -> tuple[Located, list[Fault], list[str]]:
    """The file's values with the overrides applied, the faults found so far, and why any override cannot be applied."""
    faults: list[Fault] = []
    return _overridden(_read_mapping(path, faults), faults, overrides)


def _overridden(tree: Located, faults: list[Fault], overrides: Overrides) -> tuple[Located, list[Fault], list[str]]:
    refused: list[str] = []
    tree = _without_format(tree, faults)
    for override in overrides.items() if isinstance(overrides, Mapping) else overrides:
        try:
            if isinstance(override, tuple):
                tree = apply_change(*override, tree)
            else:
                tree = apply_override(override, tree, faults)
        except ConfigError as error:
            refused += error.faults
    return tree, faults, refused


def _read_mapping(path: Location, faults: list[Fault]) -> Located:
    tree = read_located(path, faults)
    if not isinstance(tree.value, dict):
        found = "an empty file" if tree.value is None else shown(tree.value)
        raise ConfigError([f"{path}: found {found}; must be a mapping with the keys {', '.join(Config.model_fields)}"])
    return tree


def _without_format(tree: Located, faults: list[Fault]) -> Located:
    """The tree without its `format` key. Raises ConfigError if the format is later than FORMAT."""
    written = tree.child(_FORMAT_KEY)
    if written is None:
        return tree
    if not isinstance(written.value, int) or isinstance(written.value, bool) or written.value < 0:
        faults.append(fault_at(tree, (_FORMAT_KEY,), "an integer ≥ 0"))
    elif written.value > FORMAT:
        from importlib.metadata import version

        # Report nothing else: this version does not know the keys of the later format.
        raise ConfigError(
            [
                f"{written.place}: format {written.value} was written by a later pairlens; this is "
                f"{version('pairlens')}, which reads formats up to {FORMAT}; upgrade pairlens"
            ]
        )
    return tree._replace(value={key: child for key, child in tree.value.items() if key != _FORMAT_KEY})


def _plain(node: Located, faults: list[Fault], location: tuple[str | int, ...] = ()) -> Any:
    """The plain value of a node, with absolute paths; addresses that cannot be used are added to `faults`."""
    if isinstance(node.value, dict):
        return {key: _plain(child, faults, (*location, key)) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(child, faults, (*location, i)) for i, child in enumerate(node.value)]
    if tuple(key for key in location if isinstance(key, str)) in _PATHS and isinstance(node.value, str) and node.value:
        try:
            return located(node.value, node.place.folder)
        except UsageError as error:
            faults.append(Fault(node.place, str(error)))
            return Path()
    return node.value
