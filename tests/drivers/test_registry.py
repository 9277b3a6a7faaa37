import pytest

from drivers.errors import BadUri
from drivers.registry import create


@pytest.mark.parametrize(
    ("name", "uri", "model"),
    [
        ("scanner-door", "serial:///dev/serial/by-id/x?baud=9600", "drivers.scanner.serial"),
        ("scanner", "tcp://10.77.0.9:4001", "drivers.scanner.serial"),
        ("power", "vedirect:///dev/serial/by-id/x", "drivers.power.vedirect"),
        ("power-van", "tcp://10.77.0.9:4001?driver=vedirect", "drivers.power.vedirect"),
        ("footfall", "gpio://17,27", "drivers.footfall.gpio"),
        (
            "footfall-back",
            "gpio://17,27?factory=mock&socket=/run/boothkit/pins.sock",
            "drivers.footfall.gpio",
        ),
    ],
)
def test_a_device_gets_the_model_that_its_uri_names(name: str, uri: str, model: str) -> None:
    device = create(name, uri)
    assert type(device).__module__ == model
    assert (device.name, device.kind) == (name, name.partition("-")[0])
    assert device.fileno() is None
    assert device.life.state == "absent"
    device.close()


@pytest.mark.parametrize(
    ("name", "uri", "says"),
    [
        ("toaster-door", "serial:///dev/x", "toaster.*scanner"),
        ("scanner", "serial:///dev/x?driver=gm99", "no scanner driver is called 'gm99'"),
        ("scanner", "serial:///dev/x?driver=../errors", "no scanner driver"),
        ("footfall", "gpio://17,27?driver=mockpins", "no footfall driver"),
        ("scanner", "serial:///dev/x?speed=9600", "'speed'.*baud, flow, gap, model, parity, trigger"),
        ("power", "vedirect://dev/x", "vedirect:///dev"),
        ("power", "vedirect:///dev/x?baud=9600", "'baud'"),
        ("footfall", "gpio://17", "two different lines"),
        ("footfall", "gpio://17,17", "two different lines"),
        ("footfall", "gpio://17,99", "two different lines"),
        ("footfall", "gpio://17,27?in=4", "in=4"),
        ("footfall", "gpio://17,27?active=up", "high, low"),
        ("footfall", "gpio://17,27?factory=mock", "go together"),
        ("footfall", "gpio://17,27?socket=/run/x", "go together"),
        ("footfall", "gpio://17,27?factory=mock&socket=x", "socket=/PATH"),
    ],
)
def test_a_device_that_is_not_understood_is_refused_with_what_is_allowed(name: str, uri: str, says: str) -> None:
    with pytest.raises(BadUri, match=says):
        create(name, uri)
