"""The walk's part about counters: a camera is plugged into the demo, in front of which people walk, and goes again."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from appliance.journal.client import RecorderClient
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.crowd import Scene

CAMERA = "footfall-1"
SIZE = (384, 288)
FPS = 10
_DRAWN = f"() => document.getElementById('still').width === {SIZE[0]}"


def walk(page: Page, staff: str, run: Path) -> Iterator[str]:
    """``staff``: the till's address; ``run``: the box's run folder."""
    with _camera(page, staff, run):
        page.goto(f"{staff}/footfall")
        expect(page.get_by_role("link", name=f"Set the lines of {CAMERA}")).to_be_visible()
        yield "footfall"
        page.goto(f"{staff}/footfall/{CAMERA}")
        page.wait_for_function(_DRAWN)
        expect(page.locator("[data-h]")).to_have_count(2)
        expect(page.locator("[data-trial=yes]")).to_be_attached()
        yield "calibrate"


@contextmanager
def _camera(page: Page, staff: str, run: Path) -> Iterator[None]:
    """One that the lead has taken into use."""
    emulator = CameraEmulator(run / "camera", fps=FPS, size=SIZE)
    emulator.play(picture for picture, _ in Scene(7, size=SIZE, fps=FPS))
    emulator.start()
    client = RecorderClient(run, "staff")
    try:
        _do(client, "device.adopt", device=CAMERA, uri=f"camera://{run}/camera")
        yield
        page.goto(
            "about:blank"
        )  # its page asks for a picture twice a second, and would be told that there is no camera
        _do(client, "device.drop", device=CAMERA)
        # What is unplugged before the box has let go of it would stay as a device that is missing.
        while CAMERA in page.request.get(f"{staff}/api/v1/footfall").text():
            page.wait_for_timeout(100)
    finally:
        client.close()
        emulator.close()


def _do(client: RecorderClient, command: str, **data: str) -> None:
    client.send(command, data, actor="staff:walk", id=secrets.token_hex(8))
