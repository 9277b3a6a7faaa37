"""What the tests of sensors that the kernel reads share."""

from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from drivers.device import Device, PowerReading
from drivers.registry import create

ODD = st.one_of(
    st.binary(max_size=60),
    st.integers(-(10**25), 10**25).map(lambda n: f"{n}\n".encode()),
    st.sampled_from(
        [b"", b"\n", b"-\n", b"1e3\n", b"0x10\n", b" 12\n", b"12 \n", b"\xd9\xa1\n", b"1\n2\n", b"1\x00\n"]
    ),
)
"""What a file may hold that its driver did not write."""


class Clock:
    """Monotonic seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class Box:
    """One device as its worker runs it: stepped whenever it asks for it, on a clock that needs no waiting."""

    def __init__(self, uri: str) -> None:
        self.clock = Clock()
        self.device: Device = create("power", uri, now=self.clock)

    def ask(self) -> list[PowerReading]:
        """The next step that is due."""
        self.clock.at += self.device.wait() + 0.001
        events = self.device.step()
        readings = [event for event in events if isinstance(event, PowerReading)]
        assert len(readings) == len(events)
        return readings

    def values(self) -> tuple[int | None, int | None, int | None]:
        """Per mille, mV and mA of the reading that is due now."""
        (reading,) = self.ask()
        return reading.soc_permille, reading.mv, reading.ma

    def again(self) -> None:
        """Until it is read once more, however often it is tried before that."""
        for _ in range(50):
            if self.ask():
                return
        raise AssertionError(f"not found again: {self.device.life.snapshot()}")

    def state(self) -> str:
        return self.device.life.state

    def close(self) -> None:
        self.device.close()


Boxes = Callable[[str], Box]


def opened() -> Iterator[Boxes]:
    """For a fixture: makes boxes, and closes them in the end."""
    made: list[Box] = []

    def make(uri: str) -> Box:
        made.append(Box(uri))
        return made[-1]

    yield make
    for box in made:
        box.close()
