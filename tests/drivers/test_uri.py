from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import BadUri
from drivers.uri import Uri

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


def test_the_uris_of_the_interface_are_understood() -> None:
    printer = Uri.parse("tcp://10.77.0.9:9100?profile=TM-T20II")
    assert printer.address() == ("10.77.0.9", 9100)
    assert printer.text("profile", "") == "TM-T20II"
    port = Uri.parse("serial:///dev/serial/by-id/usb-1a86_USB#2:1.0+x-if00-port0?baud=9600")
    assert port.device_path() == "/dev/serial/by-id/usb-1a86_USB#2:1.0+x-if00-port0"
    assert port.number("baud", 0, 300, 115200) == 9600
    assert Uri.parse("gpio://17,27").host == "17,27"
    assert Uri.parse("power-supply://BAT0").host == "BAT0"
    assert Uri.parse("rpicam://0").host == "0"
    assert Uri.parse("tcp://[fe80::1]:9100").address() == ("fe80::1", 9100)


@given(
    path=st.lists(NAMES.map(lambda n: n.replace("/", "")), min_size=1, max_size=3).map(
        lambda parts: "/" + "/".join(parts)
    ),
    options=st.dictionaries(NAMES, NAMES, max_size=3),
)
def test_any_path_and_option_survives_being_written_and_read(path: str, options: dict[str, str]) -> None:
    uri = Uri("serial", path=path, options=options)
    assert Uri.parse(str(uri)) == uri


@given(st.text(max_size=60))
def test_no_text_does_worse_than_a_bad_uri(text: str) -> None:
    for candidate in (text, f"tcp://{text}", f"serial:///dev/{text}"):
        with suppress(BadUri):
            uri = Uri.parse(candidate)
            assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/dev/ttyUSB0", "not a device URI"),
        ("tcp://host:0", "port 0"),
        ("tcp://host:70000", "70000"),
        ("serial:///dev/x?baud", "name=value"),
        ("serial:///dev/x?baud=1&baud=2", "twice"),
        ("serial:///dev/x%00", "control character"),
        ("serial:///dev/%ff", "UTF-8"),
    ],
)
def test_a_bad_uri_says_which_part_is_wrong(text: str, says: str) -> None:
    with pytest.raises(BadUri, match=says):
        Uri.parse(text)


def test_options_say_what_is_allowed() -> None:
    uri = Uri.parse("serial:///dev/x?baud=fast&flow=maybe&driver=gm65&gap=1e9")
    with pytest.raises(BadUri, match=r"'flow'.*allowed: baud, gap"):
        uri.only("baud", "gap")
    with pytest.raises(BadUri, match="300…4000000"):
        uri.number("baud", 9600, 300, 4_000_000)
    with pytest.raises(BadUri, match="none, rtscts"):
        uri.choice("flow", "none", ("none", "rtscts"))
    with pytest.raises(BadUri, match="gap"):
        uri.decimal("gap", 0.08, 0.01, 1.0)
    uri.only("baud", "flow", "gap")


def test_two_slashes_where_three_belong_are_pointed_out() -> None:
    with pytest.raises(BadUri, match="serial:///dev"):
        Uri.parse("serial://dev/ttyUSB0").device_path()
    with pytest.raises(BadUri, match="HOST:PORT"):
        Uri.parse("tcp:///dev/x").address()
