"""The units: how exposed they are, that both systemd 252 and 257 understand them, that nothing gives up."""

import re
import subprocess
from pathlib import Path

import pytest

from appliance.commands.worker import OPTIONAL_WORKERS, WORKERS
from tests.systemd.conftest import SYSTEMD, Namespace, needs
from tests.systemd.units import JOINED, SANDBOX, read, service, services, words

EVERY = (*WORKERS, *OPTIONAL_WORKERS)
OFFLINE = ("recorder", "scanning", "footfall", "power", "clockwork")

UNITS = (".service", ".path", ".target", ".timer")

EXPOSURE = {"boothkit-portal.service": 15}
"""Tenths; systemd-analyze's scale ends at 100. Where nothing stands: 20."""


@pytest.mark.parametrize("unit", services(), ids=lambda path: path.stem)
def test_no_unit_is_more_exposed_than_promised(unit: Path) -> None:
    needs("systemd-analyze")
    limit = EXPOSURE.get(unit.name, 20)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={limit}", f"./{unit.name}"],
        cwd=unit.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The shared drop-in was read, or the score would say nothing about it.
    assert re.search(r"✓ MemoryDenyWriteExecute=", done.stdout)


def test_every_unit_of_the_folder_is_known_to_the_score() -> None:
    assert {path.name for path in services()} >= {f"boothkit-{worker}.service" for worker in EVERY}
    assert {path.name for path in SYSTEMD.glob("*.*") if path.suffix in UNITS} == {
        *(f"boothkit-{worker}.service" for worker in EVERY),
        "boothkit-authority.service",
        "boothkit-authority.timer",
        "boothkit-backup-stick.path",
        "boothkit-backup-uplink.path",
        "boothkit-backup@.service",
        "boothkit-configuration.service",
        "boothkit-firewall.service",
        "boothkit-names.service",
        "boothkit-crash@.service",
        "boothkit-power-off.path",
        "boothkit-update.path",
        "boothkit-update.service",
        "boothkit.target",
    }


def test_systemd_has_nothing_to_say_about_the_units_in_their_folder(usr_with_ours: Namespace) -> None:
    needs("systemd-analyze")
    units = sorted(path for path in SYSTEMD.iterdir() if path.suffix in UNITS)
    done = subprocess.run(
        usr_with_ours.argv("systemd-analyze", "verify", "--man=no", *units), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_has_nothing_to_say_about_the_units_in_a_root_tree(installed: Path, tmp_path: Path) -> None:
    needs("systemd-analyze")
    # A tree holds systemd's own units too; ours refer to them.
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", installed, root], check=True)
    subprocess.run(["cp", "-a", "--no-clobber", "/usr/lib/systemd/system", f"{root}/usr/lib/systemd/"], check=True)
    subprocess.run(["mkdir", "-p", root / "sbin", root / "bin"], check=True)
    units = [path.name for path in SYSTEMD.iterdir() if path.suffix in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={root}", *units], capture_output=True, text=True
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "boothkit" in line]
    assert (done.returncode, said) == (0, [])


def test_the_shared_drop_in_overrides_no_units_own_word() -> None:
    shared = set(read(SANDBOX)["Service"]) - JOINED
    for unit in services():
        assert not shared & set(read(unit)["Service"]), unit.name


@pytest.mark.parametrize("worker", EVERY)
def test_a_worker_has_a_user_of_its_own_and_writes_its_own_page(worker: str) -> None:
    section = service(worker)
    assert section["User"] == [f"boothkit-{worker}"]
    assert section["ExecStart"] == [f"/usr/bin/boothkit worker {worker}"]
    boards = {path for path in words(section, "ReadWritePaths") if "/board" in path}
    assert boards == {f"/run/boothkit/board/{worker}"}


@pytest.mark.parametrize("worker", EVERY)
def test_a_worker_is_restarted_for_ever_and_takes_nobody_with_it(worker: str) -> None:
    sections = read(SYSTEMD / f"boothkit-{worker}.service")
    assert sections["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert sections["Unit"]["PartOf"] == ["boothkit.target"]
    assert sections["Unit"]["OnFailure"] == ["boothkit-crash@%n.service"]
    # A Wants= would start the recorder whenever a worker restarts, also one that was stopped on purpose.
    assert not {"Requires", "BindsTo", "Requisite"} & set(sections["Unit"])
    assert "boothkit-" not in " ".join(sections["Unit"].get("Wants", []))
    assert sections["Service"]["Restart"] == ["always"]
    assert sections["Service"]["RestartSec"] == ["1" if worker == "recorder" else "2"]
    assert sections["Service"]["WatchdogSec"] == ["10"]
    assert service(worker)["WatchdogSignal"] == ["SIGKILL"]
    assert sections["Install"]["WantedBy"] == ["boothkit.target"]


@pytest.mark.parametrize("worker", OFFLINE)
def test_a_worker_without_business_on_the_network_has_none(worker: str) -> None:
    section = service(worker)
    assert section["PrivateNetwork"] == ["yes"]
    assert section["IPAddressDeny"] == ["any"]
    assert "IPAddressAllow" not in section
    assert words(section, "RestrictAddressFamilies") == {"AF_UNIX"}


def test_only_the_steward_and_the_portal_have_a_capability() -> None:
    have = {worker: words(service(worker), "AmbientCapabilities") for worker in EVERY}
    assert {worker: caps for worker, caps in have.items() if caps} == {
        "portal": {"CAP_NET_BIND_SERVICE"},
        "steward": {"CAP_NET_ADMIN", "CAP_SYS_TIME"},
    }
    for worker in EVERY:
        assert words(service(worker), "CapabilityBoundingSet") == have[worker]


def test_only_the_recorder_writes_the_data_and_only_the_till_its_secrets() -> None:
    data = {
        worker: {path for path in words(service(worker), "ReadWritePaths") if path.startswith("/var")}
        for worker in EVERY
    }
    assert {worker: paths for worker, paths in data.items() if paths} == {
        "recorder": {"/var/lib/boothkit"},
        "till": {"/var/lib/boothkit/secrets.db", "/var/lib/boothkit/secrets.db-journal"},
    }


def test_who_may_open_a_camera_by_its_group_may_by_its_unit() -> None:
    rules = (SYSTEMD / "udev.rules").read_text()
    given = set(re.findall(r'^SUBSYSTEM=="(\w+)".*GROUP="boothkit-camera"', rules, re.MULTILINE))
    assert given == {"video4linux", "media", "dma_heap"}
    # The Pi's own cameras count people and read no codes.
    assert words(service("footfall"), "DeviceAllow") >= {f"char-{kind}" for kind in given}
    assert "char-video4linux" in words(service("scanning"), "DeviceAllow")


def test_no_worker_can_take_the_memory_of_a_box_with_512_mb() -> None:
    for worker in EVERY:
        high, most = (int(service(worker)[key][0].removesuffix("M")) for key in ("MemoryHigh", "MemoryMax"))
        assert high < most <= 128


def test_when_memory_runs_out_the_guests_go_first_and_the_recorder_last() -> None:
    by_score = sorted(EVERY, key=lambda worker: int(service(worker)["OOMScoreAdjust"][0]))
    assert (by_score[0], by_score[1], by_score[-1]) == ("recorder", "till", "portal")


def test_installing_again_changes_nothing(tmp_path: Path) -> None:
    def tree() -> dict[str, tuple[int, bytes]]:
        return {
            str(path.relative_to(tmp_path)): (path.stat().st_mode, path.read_bytes())
            for path in tmp_path.rglob("*")
            if path.is_file()
        }

    subprocess.run([SYSTEMD / "install", tmp_path], check=True)
    first = tree()
    subprocess.run([SYSTEMD / "install", f"{tmp_path}/"], check=True)
    assert tree() == first
    # Everything of the folder but the installer itself.
    assert len(first) == len([path for path in SYSTEMD.rglob("*") if path.is_file()]) - 1


def test_udev_understands_the_rules(peopled: Path, usr_with_ours: Namespace) -> None:
    needs("udevadm")
    for name in ("passwd", "group"):  # the rules name our groups
        usr_with_ours.run("mount", "--bind", peopled / "etc" / name, f"/etc/{name}")
    done = subprocess.run(
        usr_with_ours.argv("udevadm", "test", "--action=add", "/sys/devices/virtual/mem/null"),
        capture_output=True,
        text=True,
    )
    assert "70-boothkit.rules" in done.stderr  # it was read
    said = [line for line in done.stderr.splitlines() if "70-boothkit.rules:" in line or "boothkit-" in line]
    assert said == []
