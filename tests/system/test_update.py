"""From the till's wish to the installer's word, through real units: everything but a second slot, which no container
has."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from appliance.central.keyring import central_signer
from tests.conftest import wait_until
from tests.system.container import Container
from tests.system.hands import boothkit

ASK = """
import json, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
    link.settimeout(20)
    link.connect("/run/boothkit/steward/steward.sock")
    link.send(json.dumps({"id": "x", "verb": "update.apply", "data": {"name": "boothkit-0.2.0"}}).encode())
    print(link.recv(9999).decode())
"""


def test_an_update_that_the_till_asks_for_reaches_the_installer_which_says_what_is_missing(
    box: Container, tmp_path: Path
) -> None:
    key = central_signer(tmp_path / "central" / "keys").verifier.vkey()
    (box.boot / "boothkit.toml").write_text(f'[central]\nkey = "{key}"\n')
    (box.boot / "cmdline.txt").write_text("console=tty0 root=PARTUUID=b007b007-02 ro\n")
    box.start()
    image = tmp_path / "boothkit-0.2.0.img"
    image.write_bytes(os.urandom(100_000))
    words = ["central", "sign", str(image), "--release", "0.2.0", "--version", "2", "--arch", platform.machine()]
    argv = [sys.executable, "-m", "appliance.cli", *words, "--data", str(tmp_path / "central")]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    for path in (image, image.with_suffix(".note")):
        (box.data / "boothkit" / "updates" / path.name).write_bytes(path.read_bytes())
    refused = json.loads(box.run(["python3", "-I", "-c", ASK], user="boothkit-printing").stdout)
    assert refused["refusal"]["slug"] == "role"
    taken = json.loads(box.run(["python3", "-I", "-c", ASK], unit="boothkit-till.service").stdout)
    assert taken["answer"] == {"release": "0.2.0", "version": 2}

    def told() -> str:
        return str(boothkit(box, "status")["workers"].get("update", {}).get("reason", ""))

    reason = wait_until(told, "the installer's word")
    assert "There is no place for an update: /dev/disk/by-partuuid/b007b007-03" in reason
    assert box.show("boothkit-update.service", "Result") == "exit-code"
    assert box.run(["ls", "/run/boothkit/steward/asked"]).stdout == ""
    assert "root=PARTUUID=b007b007-02 " in (box.boot / "cmdline.txt").read_text()
