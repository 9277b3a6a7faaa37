"""The still of a camera that counts people: the only picture that leaves it, and nobody is seen in it."""

from pathlib import Path
from typing import TYPE_CHECKING

from drivers.emulators.camera import CameraEmulator
from drivers.emulators.pictures import View, picture
from drivers.wire.symbols import Symbols
from tests.drivers.conftest import Pump
from tests.drivers.suites.counting import camera, pixels, png, watched

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

    Picture = NDArray[uint8]


def test_a_code_that_fills_the_picture_cannot_be_read_from_what_is_shown(tmp_path: Path, pump: Pump) -> None:
    """Print that is much larger than any in a picture that people are counted in."""
    import cv2

    symbols = Symbols(["qr"])
    for module in (3.0, 6.0, 10.0, 15.0):
        sharp = picture(["SECRET"], View(module=module))
        assert symbols.read(sharp) == [b"SECRET"]
        shown = shown_of(sharp, tmp_path / f"{module}", pump)
        assert shown.shape == (360, 480, 3)
        grey = cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY)
        harder = [grey, cv2.equalizeHist(grey), cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[1]]
        for size in (48, 96, 240, 960):
            harder.append(cv2.resize(grey, (size, size * 3 // 4), interpolation=cv2.INTER_AREA))
        for blur in (4.0, 8.0, 12.0):
            harder.append(cv2.addWeighted(grey, 6.0, cv2.GaussianBlur(grey, (0, 0), blur), -5.0, 0))
        assert [symbols.read(one) for one in harder] == [[]] * len(harder)


def test_what_is_as_fine_as_a_face_leaves_no_trace_in_what_is_shown_and_the_floor_does(
    tmp_path: Path, pump: Pump
) -> None:
    """Stripes of full contrast in a picture of 640 x 480, in which the head of somebody who is a quarter of its height
    is 18 wide."""
    import numpy

    def contrast(stripe: int, axis: int) -> int:
        lines = (numpy.arange((480, 640)[axis]) // stripe % 2 * 255).astype(numpy.uint8)
        scene = numpy.broadcast_to(lines[:, None] if axis == 0 else lines[None, :], (480, 640))
        shown = shown_of(numpy.ascontiguousarray(scene), tmp_path / f"{stripe}-{axis}", pump)[60:-60, 60:-60]
        return int(shown.max()) - int(shown.min())

    for axis in (0, 1):
        assert [contrast(stripe, axis) <= 12 for stripe in (2, 4, 8, 12)] == [True] * 4
        assert contrast(64, axis) > 200


def shown_of(scene: "Picture", folder: Path, pump: Pump) -> "Picture":
    folder.mkdir()
    (folder / "1.png").write_bytes(png(scene))
    device = camera(f"file://{folder}?loop=1&fps=30")
    watched(pump, device, 1)
    shown = device.look()
    device.close()
    assert shown is not None
    return pixels(shown)


def test_what_is_shown_is_made_on_demand_and_written_nowhere(tmp_path: Path, pump: Pump) -> None:
    emulator = CameraEmulator(tmp_path / "video", fps=30)
    emulator.start()
    device = camera(f"camera://{tmp_path}/video?fps=30")
    assert device.look() is None
    watched(pump, device, 3)
    before = written()
    for _ in range(5):
        assert (device.look() or b"").startswith(b"\xff\xd8")
    assert written() == before
    assert [path.name for path in tmp_path.iterdir()] == ["video"]
    emulator.close()
    pump(device, lambda _: device.life.state == "absent")
    assert device.look() is None
    device.close()


def written() -> int:
    """Bytes that this thread has handed to the system."""
    lines = Path("/proc/thread-self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("wchar")))
