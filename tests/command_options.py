"""The commands of the Typer app and their options, as tables for cli/README.md and to compare with the synopsis."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

import typer

from pairlens_cli.app import app

OF_EVERY_COMMAND = ("--quiet", "--verbose", "--debug", "--help")
TABLES = "Tables"  # the panel whose options several commands share


def group() -> Any:
    """`pairlens` itself, with its commands and the options that stand before them."""
    return typer.main.get_command(app)


def commands() -> dict[str, Any]:
    """Every command by name, in the order of `pairlens --help`."""
    return dict(group().commands)


def parameters(command: Any) -> list[Any]:
    """The options of a command, without those that every command has."""
    options = [parameter for parameter in command.params if parameter.opts[0].startswith("--")]
    return [option for option in options if option.opts[0] not in OF_EVERY_COMMAND]


def option_names(command: Any) -> set[str]:
    """The long names of a command's options, with `--no-header` and its like."""
    options = parameters(command)
    return {name for one in options for name in (*one.opts, *one.secondary_opts) if name.startswith("--")}


def named_options(text: str) -> set[str]:
    """The options that a text names. A name ends where its letters and hyphens end: `--on-bad-line` is not `--on`."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def usage(name: str) -> str:
    """The usage of a command in one line, as its help has it."""
    arguments = [one for one in commands()[name].params if not one.opts[0].startswith("--")]
    named = [one.metavar + ("..." if one.nargs < 0 and not one.metavar.endswith("...") else "") for one in arguments]
    shown = [text if one.required else f"[{text}]" for one, text in zip(arguments, named, strict=True)]
    return " ".join(["pairlens", name, *shown, "[OPTIONS]"])


def option_table(name: str) -> str:
    """The usage of a command, and its options as a Markdown table, those of tables only by name."""
    command = commands()[name]
    panels: dict[str | None, list[Any]] = {}
    for option in parameters(command):
        panels.setdefault(option.rich_help_panel, []).append(option)
    shared = panels.pop(TABLES, [])
    rows = []
    for panel, options in sorted(panels.items(), key=lambda item: item[0] is not None):
        rows += [f"| *{panel}* | |"] if panel else []
        rows += [f"| {_signature(one)} | {_help(one)} |" for one in options]
    if shared:
        names = ", ".join(f"`{name}`" for one in shared for name in (*one.opts, *one.secondary_opts))
        rows += [f"| *[{TABLES}](#options-of-tables)* | {names} |"]
    head = f"Usage: `{usage(name)}`\n\n"
    return head + (_table("option", rows) if rows else "It has no options of its own.\n")


def shared_option_table() -> str:
    """The options of tables; `encode` has all of them."""
    options = parameters(commands()["encode"])
    return _table(
        "option", [f"| {_signature(one)} | {_help(one)} |" for one in options if one.rich_help_panel == TABLES]
    )


def command_table() -> str:
    """Every command with what it does, and a link to its section."""
    rows = [
        f"| [`{name}`](#{name}) | {_escaped(command.help.split(chr(10) * 2)[0])} |"
        for name, command in commands().items()
    ]
    return _table("command", rows)


def _table(head: str, rows: list[str]) -> str:
    return "\n".join([f"| {head} | what it does |", "|---|---|", *rows]) + "\n"


def _signature(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = option.metavar or ("" if option.is_flag else _values(option.type_descriptor.annotation))
    return f"{names} {_escaped(value)}".rstrip()


def _values(annotation: Any) -> str:
    """What an option takes: the choices of a Literal, or a letter for a number."""
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    of_union = [_values(one) for one in get_args(annotation) if one is not type(None)]
    return of_union[0] if of_union else {int: "N", float: "X"}[annotation]


def _help(option: Any) -> str:
    """The help of an option, with its default unless it is off or told in the text."""
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    default = f" Default: {shown}." if option.show_default and shown not in (None, False, ()) else ""
    return _escaped(option.help + default) + (" Required." if option.required else "")


def _escaped(text: str) -> str:
    for character in "|<*":
        text = text.replace(character, f"\\{character}")
    return text
