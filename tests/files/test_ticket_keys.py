"""Keys that sign tickets."""

from pathlib import Path

import pytest

from appliance.errors import DataError
from appliance.files.tickets import code, event_key
from tests.conftest import EngineBox


def test_a_key_is_made_once_and_only_when_it_may_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such key"):
        event_key(tmp_path, "ev1", create=False)
    first = event_key(tmp_path, "ev1", create=True)
    assert event_key(tmp_path, "ev1", create=False).private_bytes_raw() == first.private_bytes_raw()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["event-ev1.key", "event-ev1.pub"]
    assert (tmp_path / "event-ev1.key").stat().st_mode & 0o777 == 0o600


def test_when_a_key_was_lost_its_tickets_and_those_of_the_next_one_are_let_in(box: EngineBox) -> None:
    event, keys = box.open_event(), box.data / "keys"
    codes = []
    for number in range(2):
        key = event_key(keys, event, create=True)
        ticket = f"{number:024x}"
        codes.append(code(key, ticket, event=event, list_="general", valid_from=None, valid_until=None))
        (keys / f"event-{event}.key").unlink()
    assert [box.do("ticket.scan", code=text)["verdict"] for text in codes] == ["admitted", "admitted"]
