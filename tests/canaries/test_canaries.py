"""What people type is seen by those whom it is meant for: not later, not elsewhere, and in no log."""

import pytest

from appliance.private.people import folded
from tests.brokers import MOSQUITTO
from tests.canaries.aviary import STEM, WAGTAIL
from tests.canaries.day import SINKS, Day
from tests.canaries.forms import search
from tests.canaries.inventory import HIDDEN

PUBLIC_SINKS = ("journal", "export", "MQTT", "staff API", "portal", "paper", "central")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The day, when it is over."""
    if not MOSQUITTO:
        pytest.skip("mosquitto is missing (Debian: sudo apt-get install mosquitto)")
    played = Day(tmp_path_factory.mktemp("birds"))
    played.play()
    return played


def test_a_canary_was_put_into_every_place_that_is_not_public(day: Day) -> None:
    assert HIDDEN - day.aviary.places() == set()


@pytest.mark.parametrize("sink", SINKS)
def test_no_canary_comes_to_light(day: Day, sink: str) -> None:
    seen = day.aviary.seen_in(day.sinks[sink])
    assert not seen, "\n".join(seen)


@pytest.mark.parametrize("sink", PUBLIC_SINKS)
def test_what_is_public_is_found_where_the_others_are_looked_for(day: Day, sink: str) -> None:
    assert search(day.sinks[sink], [WAGTAIL])


@pytest.mark.parametrize(
    "word", ["request.failed", "http.server", "recorder.down", "command.failed", "uplink.offline", "verb."]
)
def test_the_log_tells_of_what_went_wrong(day: Day, word: str) -> None:
    assert word.encode() in day.sinks["log"]


def test_a_code_is_revoked_by_its_hmac_also_when_it_looks_like_an_id(day: Day) -> None:
    assert day.revoked == ["revoked", "revoked"]


def test_people_are_where_people_are_kept_and_only_they(day: Day) -> None:
    for holder in day.holders:
        assert holder.encode() in day.people_db
    assert day.cashier.encode() in day.secrets_db
    # Names are there once more as they are looked up by: without case and accents.
    known = [text.encode() for name in (*day.holders, day.cashier) for text in (name, folded(name))]
    for content in (day.people_db, day.secrets_db):
        for text in known:
            content = content.replace(text, b"")
        assert not day.aviary.seen_in(content)
        assert STEM.encode() not in content
