"""Every language says everything, and nothing that nobody asks for."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from appliance.language import FOLDER, LANGUAGES, Language
from tools import languages

PLACES = re.compile(r"%\([a-z_]+\)[sd]|\{[0-9]\}|%%")
OTHERS = LANGUAGES[1:]


def messages(name: str) -> list[Message]:
    """All of a catalogue but its header."""
    with (FOLDER / f"{name}.po").open("rb") as file:
        return [message for message in read_po(file, locale=name) if message.id]


@pytest.mark.parametrize("name", OTHERS)
def test_the_catalogue_has_each_text_of_the_code_and_no_other(name: str) -> None:
    """Else: `make languages`, and translate what is new."""
    there = {message.id for message in messages(name)}
    assert there == languages.texts()


@pytest.mark.parametrize("name", OTHERS)
def test_every_text_is_translated_with_all_that_it_names(name: str) -> None:
    """Empty, unsure, or without a value that the English text shows: a person would miss it."""
    for message in messages(name):
        assert not message.fuzzy, message.id
        said = (message.string,) if isinstance(message.string, str) else message.string
        asked = (message.id,) if isinstance(message.id, str) else message.id
        assert all(said), f"not translated: {message.id!r}"
        wanted = set(PLACES.findall(asked[-1]))
        assert all(set(PLACES.findall(text)) >= wanted - {"%(num)s", "%(num)d"} for text in said), message.id
        assert all(set(PLACES.findall(text)) <= wanted | {"%(num)s"} for text in said), message.id


def test_a_refusal_is_told_by_its_shape() -> None:
    """What came through the socket in English, with its values where they belong."""
    german = Language("de")
    german._shapes = [
        (["", ": ", " left, ", " asked for"], "{0}: noch {1}, verlangt {2}"),
        (["open: ", ""], "offen: {0}"),
    ]
    assert german.retell("Cup: 3 left, 4 asked for") == "Cup: noch 3, verlangt 4"
    assert german.retell("open: 1, 2") == "offen: 1, 2"
    assert german.retell("Cup: 3 left") == "Cup: 3 left"
    assert german.retell("open: ") == "open: "
    hostile = "x: " * 200 + " left, " * 200 + "wanted"
    assert german.retell(hostile) == hostile


def test_scripts_have_their_words_in_every_language() -> None:
    """Beside each file of words stands that of the other language, with the same names in the same order."""
    for english in Path(languages.ROOT, "web").rglob("words*.js"):
        if english.suffixes != [".js"]:
            continue
        for name in OTHERS:
            other = english.with_suffix(f".{name}.js")
            assert other.exists(), other
            assert keys(other.read_text()) == keys(english.read_text()), other


def keys(source: str) -> list[str]:
    """The names of a module's words in their order, each with what it is a function of."""
    return ["".join(found) for found in re.findall(r"^\s*(\w+): (\([^)]*\) =>)?", source, re.MULTILINE)]
