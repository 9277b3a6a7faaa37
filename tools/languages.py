"""``make languages``: every text of the product that people read, into the catalogues of appliance/languages.

What is translated stays; what is new is empty, and a test fails until somebody has translated it. Beside gettext's
own marks (``_("…")``, ``ngettext``, ``N_``) the details and remedies of refusals are taken, an f-string by its shape:
``f"{name}: {left} left"`` is ``{0}: {1} left`` (see ``appliance.language``). The words of scripts are not here: they
stand in ``words.js`` and its neighbours, ``words.de.js`` beside it.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from appliance.language import FOLDER, LANGUAGES

ROOT = Path(__file__).parent.parent
SOURCES = ("appliance", "drivers", "web")
_NOT = (
    "appliance/commands",
    "appliance/central",
    "appliance/files/landing",
    "appliance/services/day",
    "drivers/emulators",
    "web/bench",
    "web/central",
)
"""The command line, central and the bench speak English: they are for who sets boxes up."""
_MARKS = {"_": 1, "gettext": 1, "N_": 1, "ngettext": 2}
_SAYING = {
    "refuse": (1, 2),
    "Problem": (1, 2),
    "invalid": (0, 1),
    "BadPlan": (0,),
    "set": (1, 2),
    "ok": (0,),
    "put": (),
    "Seen": (0, 1, 2),
    "Words": range(6),
}
"""Calls that say something to people: where in them it stands. ``set``, ``ok``: a device's life,
with reason and remedy; ``put``: a worker's board."""
_NAMED = frozenset({"detail", "remedy", "reason", "trouble", "words"})
_SAID = frozenset({"what", "remedy", "_REMEDY", "WAITING", "_WAITING", "COUNTING", "WORKING"})
"""Names of a class or a module that hold what an error says."""

Message = str | tuple[str, str]


def texts() -> set[Message]:
    """Every text, those with a plural as a pair."""
    found: set[Message] = set()
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*")):
            if path.relative_to(ROOT).as_posix().startswith(_NOT):
                continue
            if path.suffix == ".py":
                found |= set(of_python(ast.parse(path.read_text())))
            elif path.suffix == ".html" and "templates" in path.parts:
                with path.open("rb") as file:
                    messages = extract("jinja2", file, options={"newstyle_gettext": "true"})
                    found |= {(said[0], said[1]) if isinstance(said, tuple) else said for _, said, *_ in messages}
    return found - {""}


def of_python(tree: ast.AST) -> Iterator[Message]:
    """What one module says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id in _SAID for target in targets):
                yield from of_expression(node.value)
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _MARKS:
            said = [text for arg in node.args[: _MARKS[name]] for text in of_expression(arg)]
            if len(said) == _MARKS[name]:
                yield said[0] if name != "ngettext" else (said[0], said[1])
            continue
        named = [keyword.value for keyword in node.keywords if keyword.arg in _NAMED]
        places = [node.args[at] for at in _SAYING.get(name, ()) if at < len(node.args)]
        if any(keyword.arg == "remedy" for keyword in node.keywords):
            places += node.args[:1]
        for place in places + (named if places or name in _SAYING else []):
            yield from of_expression(place)


def of_expression(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may come to; none when it is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)) if any(letter.isalpha() for letter in text):
            yield text
        case ast.JoinedStr(values=parts):
            gaps = iter(range(10))
            shape = "".join(part.value if isinstance(part, ast.Constant) else f"{{{next(gaps)}}}" for part in parts)
            if any(letter.isalpha() for letter in shape):
                yield shape
        case ast.IfExp(body=one, orelse=other):
            yield from of_expression(one)
            yield from of_expression(other)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            for part in parts:
                yield from of_expression(part)


def update(language: str) -> int:
    """The catalogue as it has to be now; returns how many texts wait for a translation."""
    path = FOLDER / f"{language}.po"
    old = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(locale=language, charset="utf-8")
    for text in sorted(texts(), key=lambda text: text if isinstance(text, str) else text[0]):
        known = old.get(text if isinstance(text, str) else text[0])
        new.add(text, known.string if known else ("" if isinstance(text, str) else ("", "")))
    with path.open("wb") as file:
        file.write(_HEADER.format(language=language, plurals=new.plural_forms).encode())
        write_po(file, new, width=120, omit_header=True)
    return sum(1 for message in new if message.id and not all(_strings(message.string)))


_HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def _strings(said: str | tuple[str, ...]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


if __name__ == "__main__":
    for name in LANGUAGES[1:]:
        sys.stderr.write(f"{name}: {update(name)} texts wait for a translation\n")
