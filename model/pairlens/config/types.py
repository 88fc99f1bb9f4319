"""The types of a config's values, each with a message that says what the value must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from pairlens.config.short_forms import ShortForm, each_once, name_or_mapping, one_or_list
from pairlens.locations.location import Location, location


def fault(must_be: str) -> PydanticCustomError:
    """The error of a value, which says what the value must be."""
    return PydanticCustomError("must_be", "must be {must_be}", {"must_be": must_be})


def must_be(words: str) -> WrapValidator:
    """Report any fault of a type as `words`, which describe all valid values in one line."""

    def check(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(value)
        except ValidationError:
            raise fault(words) from None

    return WrapValidator(check)


def _listed(value: object) -> object:
    """A single value is short for a list of it."""
    return value if value is None or isinstance(value, (list, tuple)) else [value]


def in_order(names: Any) -> ShortForm:
    """At least one of a Literal's names, each once; sorted as the Literal is, whatever the order in the config."""

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        if not values or len(set(values)) < len(values):
            raise fault("a list of at least one name, each once")
        return tuple(sorted(values, key=get_args(names).index))

    return ShortForm(AfterValidator(check), each_once)


def named(default: str) -> ShortForm:
    """A bare name is short for a mapping with that name; a mapping without a name has the default's."""

    def expand(value: object) -> object:
        if isinstance(value, str):
            return {"name": value}
        return {"name": default, **value} if isinstance(value, Mapping) else value

    return ShortForm(BeforeValidator(expand), name_or_mapping(default))


def _in_32_bits(value: int) -> int:
    if value >= 2**31:
        raise fault("at most 2147483647")
    return value


Prefixes = Location | tuple[Location, ...]


def _to_location(value: object) -> Location:
    if not isinstance(value, (str, Location)) or not str(value) or "\0" in str(value):
        raise fault("a path")
    return location(value)


Count = Annotated[int, Field(ge=1), must_be("an integer ≥ 1"), AfterValidator(_in_32_bits)]
Natural = Annotated[int, Field(ge=0), must_be("an integer ≥ 0"), AfterValidator(_in_32_bits)]
LAST_SEED = 2**32 - 1
Seed = Annotated[int, Field(ge=0, le=LAST_SEED), must_be(f"an integer from 0 to {LAST_SEED}")]
Real = Annotated[float, must_be("a finite number")]
Positive = Annotated[float, Field(gt=0), must_be("a number > 0")]
NonNegative = Annotated[float, Field(ge=0), must_be("a number ≥ 0")]
NonPositive = Annotated[float, Field(le=0), must_be("a number ≤ 0")]
Fraction = Annotated[float, Field(ge=0, lt=1), must_be("a number ≥ 0 and < 1")]


def _to_prefixes(value: object) -> Prefixes:
    if not isinstance(value, (list, tuple)):
        return _to_location(value)
    try:
        prefixes = tuple(map(_to_location, value))
    except PydanticCustomError:
        prefixes = ()
    if not prefixes or len(set(prefixes)) < len(prefixes):
        raise fault("a path, or a list of at least one path, each once")
    return prefixes


def _as_text(value: Prefixes) -> str | list[str]:
    return [str(path) for path in value] if isinstance(value, tuple) else str(value)


_NotEmpty = Annotated[str, Field(min_length=1)]
_EACH_ONCE = Field(min_length=1, json_schema_extra={"uniqueItems": True})
FilePath = Annotated[
    Location,
    PlainValidator(_to_location, json_schema_input_type=_NotEmpty),
    PlainSerializer(str, when_used="json"),
]
FilePaths = Annotated[
    Prefixes,
    PlainValidator(_to_prefixes, json_schema_input_type=_NotEmpty | Annotated[list[_NotEmpty], _EACH_ONCE]),
    PlainSerializer(_as_text, when_used="json"),
]
Listed = (
    Field(strict=False),
    ShortForm(BeforeValidator(_listed), one_or_list),
)  # not strict: YAML has lists, a frozen config has tuples

_Activation = Literal["linear", "relu", "elu", "selu", "gelu", "tanh", "sigmoid", "swish", "softplus", "softsign"]
Activation = Annotated[
    _Activation,
    BeforeValidator(  # null as in Keras
        lambda value: "linear" if value is None else value, json_schema_input_type=_Activation | None
    ),
]


def default(written: object) -> Any:
    """A default written as in YAML. It is validated too, so that a missing section reports its missing keys."""
    return Field(written, validate_default=True)


class Section(BaseModel):
    """A frozen mapping of known keys. No value is converted; no number is infinite or NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)
