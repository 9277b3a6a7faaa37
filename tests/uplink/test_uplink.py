"""The box's way to central, end to end: real recorder, real uplink, real broker, real central, and all their deaths."""

from collections.abc import Callable

from tests.brokers import Broker, CentralProcess
from tests.uplink.conftest import Box

StartCentral = Callable[..., CentralProcess]


def test_every_fact_arrives_once_in_order_byte_for_byte(broker: Broker, central: StartCentral, box: Box) -> None:
    there = central()
    box.start(broker, there.key)
    box.record(250)
    box.wait_safe(8)
    assert there.facts("cell", "box-7") == box.bodies()
