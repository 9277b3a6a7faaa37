"""Types and docstrings as Markdown."""

import re
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

Page = Iterator[str]

_WORDS = {int: "integer", float: "number", str: "text", bool: "true or false", NoneType: "null"}


def doc(thing: object, *, first: bool = False) -> str:
    """A docstring as Markdown; ``first``: only its first paragraph, on one line. LookupError: there is none."""
    text = cleandoc(getattr(thing, "__doc__", None) or "").replace("``", "`")
    if not text:
        raise LookupError(f"{thing!r} has no docstring")
    return " ".join(text.split("\n\n")[0].split()) if first else text


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Page:
    """A table, and an empty line."""
    heads = list(head)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |"
    yield ""


def anchor(heading: str) -> str:
    """The fragment by which a heading is reached."""
    return re.sub("[^a-z0-9_-]", "", heading.lower().replace(" ", "-"))


def type_words(kind: Any) -> str:
    """A type for people: ``integer``, ``"a" or "b"``, ``list of [Item](#item)``."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return type_words(inner[0]) + "".join(_limits(meta) for meta in inner[1:] if isinstance(meta, msgspec.Meta))
    if origin in (Union, UnionType):
        return " or ".join(type_words(part) for part in inner)
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in inner)
    if origin is list or (origin is tuple and inner[1:] == (Ellipsis,)):
        return f"list of {type_words(inner[0])}"
    if origin is tuple:
        return f"[{', '.join(type_words(part) for part in inner)}]"
    if origin is dict:
        return f"object of {type_words(inner[1])} by {type_words(inner[0])}"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"[{kind.__name__}](#{anchor(kind.__name__)})"
    return _WORDS[kind]


def _limits(meta: msgspec.Meta) -> str:
    return f", {meta.ge} to {meta.le}" if meta.pattern is None else f" like `{meta.pattern}`"


def fields(struct: type[msgspec.Struct], name: str = "field") -> Page:
    """The fields of a struct with type and default."""
    found = msgspec.structs.fields(struct)
    if found:
        rows = ((f"`{field.encode_name}`", type_words(field.type), _default(field)) for field in found)
        yield from table((name, "type", ""), rows)
    else:
        yield f"No {name}s.\n"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    made = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return f"optional, `{msgspec.json.encode(made).decode()}`"


def shapes(structs: Iterable[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    """The structs that fields of ``structs`` refer to, and so on, by name."""
    found: dict[str, type[msgspec.Struct]] = {}

    def look(kind: Any) -> None:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__name__ not in found:
            found[kind.__name__] = kind
            inside(kind)
        for part in get_args(kind):
            look(part)

    def inside(struct: type[msgspec.Struct]) -> None:
        for field in msgspec.structs.fields(struct):
            look(field.type)

    for struct in structs:
        inside(struct)
    return [found[name] for name in sorted(found)]
