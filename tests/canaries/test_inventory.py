"""The inventory is complete: what takes text and stands in no table fails here, before it can leak."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from msgspec import inspect

from appliance.cli import boothkit
from appliance.config import Config
from appliance.domain.kernel import command_types
from appliance.services import steward
from appliance.services.footfall import asking
from appliance.services.recorder import keeping
from tests.canaries.inventory import ARGUMENTS, COMMANDS, CONFIGURATION, ENDPOINTS, VERBS
from tools import reference_apps

_NO_TEXT = (click.Choice, click.Path, click.DateTime, click.types.BoolParamType)
_NO_TEXT_EITHER = (click.types.IntParamType, click.types.FloatParamType)
APPS = ("till", "portal", "bench", "central")


def texts(shape: inspect.Type, at: str) -> Iterator[str]:
    """Where a type takes text that is not one of a few words."""
    match shape:
        case inspect.StrType():
            yield at
        case inspect.StructType():
            for field in shape.fields:
                yield from texts(field.type, f"{at}.{field.encode_name}".lstrip("."))
        case inspect.UnionType():
            for one in shape.types:
                yield from texts(one, at)
        case inspect.ListType() | inspect.VarTupleType():
            yield from texts(shape.item_type, at)
        case inspect.TupleType():
            for one in shape.item_types:
                yield from texts(one, at)
        case inspect.DictType():
            yield from texts(shape.key_type, f"{at}.NAME")
            yield from texts(shape.value_type, at)
        case inspect.IntType() | inspect.FloatType() | inspect.BoolType() | inspect.NoneType() | inspect.LiteralType():
            return
        case _:
            raise AssertionError(f"{at}: say whether {shape} takes text")


def test_every_text_that_a_command_takes_is_classified() -> None:
    found = {
        place for name, command in command_types().items() for place in texts(inspect.type_info(command.ask), name)
    }
    assert found == set(COMMANDS)


def test_a_new_text_in_a_command_would_be_noticed() -> None:
    class Note(msgspec.Struct):
        told: list[dict[str, str | None]]

    assert set(texts(inspect.type_info(Note), "note.take")) - set(COMMANDS) == {"note.take.told", "note.take.told.NAME"}


def test_every_text_that_workers_take_from_workers_is_classified() -> None:
    shapes = [shape for module in (steward, asking) for shape in vars(module).values()]
    verbs = [shape for shape in shapes if isinstance(shape, type) and issubclass(shape, msgspec.Struct)]
    assert {place for verb in verbs for place in texts(inspect.type_info(verb), verb.__name__)} == set(VERBS)


def test_what_the_recorder_is_asked_beside_commands_is_known() -> None:
    # All of them take what programs say: notes of central, positions, identities.
    asked = {"hello", "uplink.receipt", "checkpoint.cosign", "checkpoint.request", "follower.advance"}
    asked |= {"receipt.link", "ticket.code", "site.sign", "site.state", "site.heard", "ticket.ids", "backup.key"}
    asked |= {"guest.whose", "guest.about", "guest.vouchers"}
    assert set(keeping.OPERATIONS) == asked


@pytest.mark.parametrize("app", APPS)
def test_every_endpoint_is_in_the_inventory(app: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = {f"{app} {one.method} {one.path}" for one in getattr(reference_apps, app)(Path(folder))}
    assert found == {endpoint for endpoint in ENDPOINTS if endpoint.startswith(f"{app} ")}


def test_every_text_of_the_command_line_is_classified() -> None:
    assert set(arguments(boothkit, [])) == set(ARGUMENTS)


def arguments(command: click.Command, words: list[str]) -> Iterator[str]:
    """Parameters that take any text, as ``staff add name``."""
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            if child is not None and name != "emulate":
                yield from arguments(child, [*words, name])
        return
    for parameter in command.params:
        kind: Any = parameter.type
        if not isinstance(kind, _NO_TEXT + _NO_TEXT_EITHER):
            yield " ".join([*words, parameter.name or ""])


def test_every_text_of_the_configuration_is_classified() -> None:
    assert set(texts(inspect.type_info(Config), "")) == set(CONFIGURATION)
