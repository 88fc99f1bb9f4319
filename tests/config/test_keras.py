"""Optimizers and initializers have Keras's arguments and defaults."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest
from written_configs import optimizers

from pairlens.config import keras
from pairlens.config.types import Section


def keras_defaults(file: str, class_name: str) -> dict[str, object]:
    """The arguments of a Keras class, read from its source: importing TensorFlow takes seconds."""
    (package,) = importlib.util.find_spec("tf_keras").submodule_search_locations  # type: ignore[union-attr, misc]
    tree = ast.parse((Path(package) / "src" / file).read_text())
    (class_,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]
    (init,) = [node for node in class_.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    names = [argument.arg for argument in init.args.args[1:]]
    return dict(zip(names, map(ast.literal_eval, init.args.defaults), strict=True))


@pytest.mark.parametrize("section", optimizers(), ids=lambda section: section.__name__)
def test_an_optimizer_has_the_arguments_and_defaults_of_keras(section: type[Section]) -> None:
    ours = section().model_dump()
    keras = keras_defaults(f"optimizers/{ours.pop('name')}.py", section.__name__)
    not_ours = {"name", "jit_compile", "use_ema", "ema_momentum", "ema_overwrite_frequency"}
    ours.pop("lazy", None)  # pairlens's own
    assert ours == {key: value for key, value in keras.items() if key not in not_ours}


@pytest.mark.parametrize(
    ("keras_class", "keras_argument", "ours"),
    [
        ("RandomUniform", "maxval", keras.Uniform().scale),
        ("RandomNormal", "stddev", keras.Normal().stddev),
        ("TruncatedNormal", "stddev", keras.Normal(name="truncated_normal").stddev),
        ("Constant", "value", keras.Constant().value),
        ("Orthogonal", "gain", keras.Orthogonal().gain),
    ],
)
def test_an_initializer_has_the_default_of_keras(keras_class: str, keras_argument: str, ours: float) -> None:
    assert ours == keras_defaults("initializers/initializers.py", keras_class)[keras_argument]
