"""docs/reference, made from the code: facts, commands, configuration, endpoints, topics. `make docs` writes the pages.

Everything comes from docstrings and types; what no docstring says stands in ``tools/reference_words.py``. A name
without words is an error, and a test compares the pages with the code, so nothing stays undocumented.
"""

import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from inspect import cleandoc, getclosurevars, unwrap
from pathlib import Path
from typing import get_args

import click
import msgspec

from appliance import config
from appliance.central.places import PREFIX
from appliance.central.subscriber import TOPICS
from appliance.cli import boothkit, main
from appliance.domain.kernel import Role, command_types, fact_types
from appliance.files.codes import LARGEST
from appliance.services.recorder.keeping import OPERATIONS
from tools.reference_apps import Endpoint, bench, central, portal, till
from tools.reference_shapes import Page, anchor, doc, fields, shapes, table
from tools.reference_words import ENVIRONMENT, OPERATION_WORDS, TOPIC_WORDS
from web.common.problems import MAX_BODY, PROBLEMS
from web.till.api.openapi import DOCUMENT

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_MADE = "<!-- Made from the code by `make docs`; edit the docstrings instead. -->\n\n"


def write() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The text of each page by its file name; the same code gives the same bytes."""
    makers: dict[str, Callable[[], Page]] = {
        "facts.md": _facts,
        "commands.md": _commands,
        "configuration.md": _configuration,
        "endpoints.md": _endpoints,
        "topics.md": _topics,
    }
    return {name: _MADE + "\n".join(make()).rstrip() + "\n" for name, make in makers.items()}


# ---- facts


def _facts() -> Page:
    kinds = dict(sorted(fact_types().items()))
    yield "# Facts\n"
    yield (
        "What a body's `kind` and `data` can be; the envelope around them is in [evidence](../evidence.md).\n"
        "Amounts are integers in minor units, rates and areas are decimals as text. A field with a default is left\n"
        "out of the body when it has that default. Readers ignore fields and kinds that they do not know.\n"
    )
    yield " ·\n".join(f"[`{kind}`](#{anchor(kind)})" for kind in kinds) + "\n"
    for kind, fact in kinds.items():
        yield f"## `{kind}`\n"
        yield doc(fact) + "\n"
        yield from fields(fact)
    yield "## Shapes\n"
    for struct in shapes(kinds.values()):
        yield f"### {struct.__name__}\n"
        yield doc(struct) + "\n"
        yield from fields(struct)


# ---- commands


def _commands() -> Page:
    context = click.Context(boothkit, info_name="boothkit")
    words = boothkit.list_commands(context)
    commands = {word: command for word in words if (command := boothkit.get_command(context, word))}
    shared = [p for p in commands["status"].params if isinstance(p, click.Option)]  # `status` has no others
    yield "# Commands\n"
    yield "## The command line\n"
    yield doc(main) + " Every command takes, after its last word:\n"
    yield from _options(shared)
    for name, command in commands.items():
        yield from _command(command, f"boothkit {name}", {option.name for option in shared})
    yield from _recorder()


def _command(command: click.Command, path: str, shared: set[str | None]) -> Page:
    if not command.help:
        raise LookupError(f"{path} has no help")
    if isinstance(command, click.Group):
        if path.count(" ") == 1:
            yield f"### {path}\n"
            yield f"{cleandoc(command.help)}\n"
        for name in sorted(command.commands):
            yield from _command(command.commands[name], f"{path} {name}", shared)
        return
    if missing := shared - {parameter.name for parameter in command.params}:
        raise LookupError(f"{path} lacks {missing}")
    arguments = [p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)]
    yield f"{'#' * min(4, 2 + path.count(' '))} {' '.join([path, *arguments])}\n"
    yield f"{cleandoc(command.help)}\n"
    if own := [p for p in command.params if isinstance(p, click.Option) and p.name not in shared]:
        yield from _options(own)


def _options(options: Iterable[click.Option]) -> Page:
    yield from table(("option", "means", ""), map(_option, options))


def _option(option: click.Option) -> tuple[str, str, str]:
    if not option.help:
        raise LookupError(f"{option.opts} has no help")
    value, form = _value(option)
    words = ", ".join(option.opts) + value
    marks = {
        "required": option.required,
        form: form,
        "may be repeated": option.multiple,
        f"default `{option.default}`": option.show_default,
        f"or `{option.envvar}`": option.envvar,
    }
    return f"`{words}`", option.help, ", ".join(mark for mark, holds in marks.items() if holds)


def _value(option: click.Option) -> tuple[str, str]:
    """How an option's value is named, and what it may be."""
    if option.is_flag:
        return "", ""
    number = f" {option.metavar or 'N'}"
    match option.type:
        case click.IntRange(max=None, min=low) | click.FloatRange(max=None, min=low):
            return number, f"from {low}"
        case click.IntRange(min=low, max=high):
            return number, f"{low} to {high}"
        case click.DateTime(formats=formats):
            return " TIME", " or ".join(f"`{form}`" for form in formats)
        case _:
            return f" {option.make_metavar(click.Context(click.Command('any')))}", ""


def _recorder() -> Page:
    decisions = dict(sorted(command_types().items()))
    yield "## The recorder's commands\n"
    yield "Frames on `RUN/<role>/recorder.sock`, see [architecture](../architecture.md#asking-the-recorder).\n"
    allowed = [(name, command.roles) for name, command in decisions.items()]
    allowed += [(name, roles) for name, (roles, _) in sorted(OPERATIONS.items())]
    rows = [(f"`{r}`", ", ".join(f"`{name}`" for name, roles in allowed if r in roles)) for r in get_args(Role)]
    yield from table(("socket", "takes"), rows)
    yield "### Decisions\n"
    yield "They make facts. A refusal is a fact too: `command.refused/1`.\n"
    for name, command in decisions.items():
        yield f"#### `{name}`\n"
        yield f"{doc(command.decide)}{' Bulk lane.' if command.bulk else ''}\n"
        yield f"`data`: {doc(command.ask)}\n"
        yield from fields(command.ask)
    known = shapes(fact_types().values())
    yield "### Shapes\n"
    for struct in shapes(command.ask for command in decisions.values()):
        yield f"#### {struct.__name__}\n"
        if struct in known:
            yield f"As [in facts](facts.md#{anchor(struct.__name__)}).\n"
        else:
            yield doc(struct) + "\n"
            yield from fields(struct)
    yield "### Operations\n"
    yield "They make no facts.\n"
    yield from table(
        ("command", "data", "does"), ((f"`{name}`", *OPERATION_WORDS[name]) for name in sorted(OPERATIONS))
    )


# ---- configuration


def _configuration() -> Page:
    yield "# Configuration\n"
    yield (
        "One TOML file: `--config FILE`, else `BOOTHKIT_CONFIG`, else the first of\n"
        f"{', '.join(f'`{path}`' for path in config.SEARCH)} that exists. An unknown key or a bad value is an error\n"
        "that names file, line or key, what was found and what is allowed. A byte order mark and CRLF are fine.\n"
    )
    for field in msgspec.structs.fields(config.Config):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield f"## `[{field.encode_name}]`\n"
            yield doc(field.type) + "\n"
            yield from fields(field.type, "key")
    yield "## `[devices]`\n"
    yield (
        f'`NAME = "URI"`. The kind is NAME up to its first dash: {", ".join(config.DEVICE_KINDS)}. What follows the\n'
        "dash of a scanner's name is its gate. The driver is the URI's option `driver`, else its scheme if one is\n"
        "called so, else the kind's default. An option that the driver does not know is an error.\n"
    )
    for kind in config.DEVICE_KINDS:
        yield from _drivers(kind)
    yield "### Links\n"
    for name, link in (("tcp", "TcpLink"), ("serial", "SerialLink"), ("file", "FileLink")):
        module = importlib.import_module(f"drivers.links.{name}")
        yield f"- {doc(module, first=True)} {doc(getattr(module, link), first=True)}"
    yield "\n## Environment\n"
    yield from table(("variable", "means"), ((f"`{name}`", words) for name, words in sorted(ENVIRONMENT.items())))


def _drivers(kind: str) -> Page:
    package = importlib.import_module(f"drivers.{kind}")
    yield f"### {kind}\n"
    yield doc(package) + "\n"
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"drivers.{kind}.{info.name}")
        if hasattr(module, "Model"):
            yield f"#### `{info.name}`{' (default)' if info.name == package.DEFAULT else ''}\n"
            yield doc(module) + "\n"
            if module.Model.__doc__:
                yield doc(module.Model) + "\n"


# ---- endpoints


def _endpoints() -> Page:
    with tempfile.TemporaryDirectory() as folder:
        staff, hands, ops = till(Path(folder)), bench(Path(folder)), central(Path(folder))
        guests = portal(Path(folder))
    api = [endpoint for endpoint in staff if endpoint.path.startswith("/api/")]
    yield "# Endpoints\n"
    yield "## Till, `[staff] port`\n"
    yield (
        "How to sign in, what a write needs: [staff API](../api.md); the schemas: `GET /api/v1/openapi.json`. *for*:\n"
        "the roles that may call it; *decides*: the command whose `data` is the body\n"
        "([commands](commands.md#decisions)); *key*: an `Idempotency-Key` is needed.\n"
    )
    rows = ((*_endpoint(endpoint), _answer(endpoint)) for endpoint in api)
    yield from table(("call", "does", "for", "decides", "key", "answers"), rows)
    yield "### Screens\n"
    screens = [endpoint for endpoint in staff if endpoint not in api]
    yield from table(("call", "shows", "for"), (_endpoint(endpoint)[:3] for endpoint in screens))
    yield "### Problems\n"
    yield (
        "RFC 9457, `application/problem+json`: `type` is `/problems/SLUG`, beside it `status`, `title`, `detail`,\n"
        f"`remedy`. A body has at most {MAX_BODY // 1024} KiB, a shop's file {LARGEST // 1024 // 1024} MiB. A refusal\n"
        "that is not listed has status 409.\n"
    )
    rows = ((f"`{slug}`", str(code), words) for slug, (code, words) in PROBLEMS.items())
    yield from table(("slug", "status", "title"), rows)
    yield "## Portal, `[portal] port`: guests, read only\n"
    yield from table(("call", "shows"), (_endpoint(endpoint)[:2] for endpoint in guests))
    yield "## Bench, `[bench] port`: demo only, loopback only\n"
    yield from table(("call", "does"), (_endpoint(endpoint)[:2] for endpoint in hands))
    yield "## Central, `--http-port` of `central serve`: loopback only\n"
    yield from table(("call", "answers"), (_endpoint(endpoint)[:2] for endpoint in ops))


def _endpoint(endpoint: Endpoint) -> tuple[str, ...]:
    view = unwrap(endpoint.view)
    roles = getclosurevars(endpoint.view).nonlocals.get("roles", ()) if view is not endpoint.view else ()
    if not roles:
        roles = ("anybody",) if endpoint.is_open else ("all",)
    decides = [f"`{value}`" for value in view.__code__.co_consts if value in command_types()]
    key = "yes" if "command_key" in view.__code__.co_names else ""
    words = endpoint.words or doc(view, first=True)
    return f"`{endpoint.method} {endpoint.path}`", words, ", ".join(roles), ", ".join(decides), key


def _answer(endpoint: Endpoint) -> str:
    """Status and shape of a good answer, as the API's own description has them."""
    call = DOCUMENT["paths"][endpoint.path.removeprefix("/api/v1")][endpoint.method.lower()]
    status, good = next(iter(call["responses"].items()))
    for kind, content in good.get("content", {}).items():
        if kind != "application/json":
            return f"{status}, `{kind}`"
        if names := ", ".join(content["schema"].get("properties", ())):
            return f"{status}, `{names}`"
    return str(status)


# ---- topics


def _topics() -> Page:
    yield "# MQTT topics\n"
    yield f"MQTT 5, below `{PREFIX}/<cell>/<box>/`. How they work together: [uplink](../uplink.md).\n"
    rows = (
        (f"`{name}`", sender, str(qos), "yes" if retained else "no", payload)
        for name, (sender, qos, retained, payload) in TOPIC_WORDS.items()
    )
    yield from table(("topic", "from", "QoS", "retained", "payload"), rows)
    yield "Central subscribes to:\n"
    yield "\n".join(f"- `{topic}`" for topic in TOPICS) + "\n"
    yield "A box subscribes to its own:\n"
    yield "\n".join(f"- `{name}`" for name, words in TOPIC_WORDS.items() if words[0] == "central")


if __name__ == "__main__":
    write()
    sys.stderr.write("Wrote docs/reference.\n")
