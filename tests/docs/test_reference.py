"""The generated reference is that of the code as it is now, and its hand-kept tables name what the code names."""

import re

import pytest

from appliance.central.service import Subject
from appliance.clock import FakeClock
from appliance.journal.read import Reader
from appliance.services.recorder.keeping import OPERATIONS
from appliance.services.uplink import live
from tests.conftest import EngineBox
from tests.docs.markdown import ROOT
from tools import reference
from tools.reference_words import ENVIRONMENT, OPERATION_WORDS, TOPIC_WORDS

CODE = ("appliance", "drivers", "web")


def sources(*folders: str) -> list[str]:
    """The text of every module below these folders."""
    return [path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("name", ["facts.md", "commands.md", "configuration.md", "endpoints.md", "topics.md"])
def test_the_reference_is_that_of_the_code(name: str) -> None:
    made = reference.pages()
    assert (reference.FOLDER / name).read_text(encoding="utf-8") == made[name], f"docs/reference/{name}: run make docs"
    assert len(made) == 5


def test_every_operation_of_the_recorder_is_explained_and_no_other() -> None:
    assert set(OPERATION_WORDS) == set(OPERATIONS)


def test_every_variable_that_the_code_reads_is_explained_and_no_other() -> None:
    found = {name for text in sources(*CODE) for name in re.findall(r"BOOTHKIT_[A-Z_]+", text)}
    assert set(ENVIRONMENT) == found


def test_every_topic_that_a_box_or_central_writes_is_in_the_table_and_no_other(box: EngineBox) -> None:
    of_box = {
        name for text in sources("appliance/services/uplink") for name in re.findall(r"_prefix\}/([a-z]+)\"", text)
    }
    of_central = {name for text in sources("appliance/central") for name in re.findall(r"topic\(\"([a-z/]+)\"\)", text)}
    reader = Reader(box.data)
    subjects = {f"live/{subject}" for subject in live.read(reader, FakeClock()())}
    reader.close()
    table = {
        sender: {name for name, words in TOPIC_WORDS.items() if words[0] == sender}
        for sender in ("box", "central", "site")
    }
    assert of_central == table["central"]
    assert (of_box - of_central) | subjects == table["box"]
    assert {subject.value for subject in Subject} <= table["box"]
    between = {
        name
        for text in sources("appliance/services/uplink")
        for name in re.findall(r"_(?:topic|say)\(\"([a-z]+)\"", text)
    }
    assert between - {"facts"} == table["site"]
