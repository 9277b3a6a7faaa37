"""Users, groups and folders, as systemd's own tools make them of sysusers.conf and tmpfiles.conf."""

import subprocess
from pathlib import Path

import pytest

from appliance.commands.worker import OPTIONAL_WORKERS, WORKERS
from tests.systemd.conftest import needs

USERS = (*WORKERS, *OPTIONAL_WORKERS, "authority", "backup")
"""Every worker, who makes the certificate, and who copies the box."""

MEMBERS = {
    "boothkit": set(USERS),
    "boothkit-journal": {"till", "portal", "printing", "uplink", "steward"},
    "boothkit-people": {"till"},
    "boothkit-board": {"till", "printing", "scanning", "footfall", "power"},
    "boothkit-wake": {"recorder", "till", "printing", "uplink"},
    "boothkit-as-guest": {"portal"},
    "boothkit-as-staff": {"till"},
    "boothkit-as-device": {"printing", "scanning", "footfall", "power", "clockwork"},
    "boothkit-as-uplink": {"uplink"},
    "boothkit-as-admin": {"backup"},
    "boothkit-tls": {"https", "site"},
    "boothkit-stick": {"till"},
    "boothkit-serial": {"printing", "scanning", "power"},
    "boothkit-gpio": {"scanning", "footfall", "power"},
    "boothkit-camera": {"scanning", "footfall"},
}

PLACES = {
    "/run/boothkit": "0755 root root",
    "/run/boothkit/guest": "2750 boothkit-recorder boothkit-as-guest",
    "/run/boothkit/staff": "2750 boothkit-recorder boothkit-as-staff",
    "/run/boothkit/device": "2750 boothkit-recorder boothkit-as-device",
    "/run/boothkit/uplink": "2750 boothkit-recorder boothkit-as-uplink",
    "/run/boothkit/admin": "2750 boothkit-recorder boothkit-as-admin",
    "/run/boothkit/wake": "3770 boothkit-recorder boothkit-wake",
    "/run/boothkit/secret": "0700 boothkit-uplink boothkit-uplink",
    "/run/boothkit/pki": "2751 boothkit-authority boothkit-tls",
    "/run/boothkit/https": "0700 boothkit-https boothkit-https",
    "/run/boothkit/site": "0700 boothkit-site boothkit-site",
    "/run/boothkit/till": "2750 boothkit-till boothkit-https",
    "/run/boothkit/footfall": "2750 boothkit-footfall boothkit-till",
    "/run/boothkit/steward": "0755 boothkit-steward boothkit-steward",
    "/run/boothkit/steward/asked": "0700 boothkit-steward boothkit-steward",
    "/run/boothkit/board": "0755 root root",
    "/run/boothkit/board/configuration": "2750 root boothkit-board",
    "/run/boothkit/board/update": "2750 root boothkit-board",
    "/run/boothkit/board/backup": "2750 boothkit-backup boothkit-board",
    "/run/boothkit/stick": "0755 root root",
    "/run/boothkit/air": "0755 root root",
    "/run/boothkit/air/shared": "0755 root root",
    **{
        f"/run/boothkit/board/{worker}": f"2750 boothkit-{worker} boothkit-board"
        for worker in (*WORKERS, *OPTIONAL_WORKERS)
    },
    "/var/lib/boothkit": "2751 boothkit-recorder boothkit-journal",
    "/var/lib/boothkit/keys": "0751 boothkit-recorder boothkit-recorder",
    "/var/lib/boothkit/updates": "0755 boothkit-uplink boothkit-uplink",
    "/var/lib/boothkit/people.db": "0640 boothkit-recorder boothkit-people",
    "/var/lib/boothkit/secrets.db": "0600 boothkit-till boothkit-till",
    "/var/lib/boothkit/secrets.db-journal": "0600 boothkit-till boothkit-till",
    "/var/lib/boothkit-backup": "2750 boothkit-backup boothkit-uplink",
    "/var/lib/boothkit-update": "0755 root root",
    "/var/lib/boothkit-crash": "0750 root root",
}


def _table(root: Path, name: str) -> dict[str, list[str]]:
    lines = (root / "etc" / name).read_text().splitlines()
    return {fields[0]: fields[1:] for fields in (line.split(":") for line in lines)}


def _create(root: Path) -> None:
    done = subprocess.run(["systemd-tmpfiles", "--create", f"--root={root}"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def _places(root: Path) -> dict[str, str]:
    users = {int(fields[1]): name for name, fields in _table(root, "passwd").items()}
    groups = {int(fields[1]): name for name, fields in _table(root, "group").items()}
    found = {}
    for top in ("run", "var"):
        for path in (root / top).rglob("boothkit*"):
            for place in (path, *path.rglob("*")):
                status = place.lstat()
                mode = f"{status.st_mode & 0o7777:04o}"
                found[f"/{place.relative_to(root)}"] = f"{mode} {users[status.st_uid]} {groups[status.st_gid]}"
    return found


def test_every_worker_has_a_user_that_cannot_log_in(peopled: Path) -> None:
    users = _table(peopled, "passwd")
    ours = {name: fields for name, fields in users.items() if name.startswith("boothkit")}
    assert set(ours) == {f"boothkit-{user}" for user in USERS}
    for _, uid, gid, _, home, shell in ours.values():
        assert (home, Path(shell).name) == ("/", "nologin")
        assert 460 <= int(uid) == int(gid) < 490  # the same in every image: the data outlive it


@pytest.mark.parametrize("group", MEMBERS)
def test_a_group_has_exactly_the_members_it_is_for(peopled: Path, group: str) -> None:
    members = _table(peopled, "group")[group][2]
    assert {name for name in members.split(",") if name} == {f"boothkit-{worker}" for worker in MEMBERS[group]}


def test_there_is_no_group_of_ours_that_nobody_explained(peopled: Path) -> None:
    ours = {name for name in _table(peopled, "group") if name.startswith("boothkit")}
    assert ours == {*MEMBERS, *(f"boothkit-{user}" for user in USERS)}


def test_every_folder_has_the_owner_and_the_rights_of_the_contract(peopled: Path) -> None:
    needs("systemd-tmpfiles")
    _create(peopled)
    assert _places(peopled) == PLACES


def test_the_next_boot_leaves_the_data_as_they_are_and_mends_the_rights(peopled: Path) -> None:
    needs("systemd-tmpfiles")
    _create(peopled)
    data = peopled / "var/lib/boothkit"
    (data / "people.db").write_bytes(b"people")
    (data / "secrets.db").write_bytes(b"secrets")
    (data / "secrets.db").chmod(0o644)
    (data / "keys").chmod(0o777)
    _create(peopled)
    assert _places(peopled) == PLACES
    assert ((data / "people.db").read_bytes(), (data / "secrets.db").read_bytes()) == (b"people", b"secrets")


def test_what_the_recorder_makes_gets_the_group_of_those_who_may_use_it(peopled: Path) -> None:
    needs("systemd-tmpfiles", "setpriv")
    _create(peopled)
    uid = _table(peopled, "passwd")["boothkit-recorder"][1]
    script = "umask 027; for place in run/boothkit/staff var/lib/boothkit run/boothkit/wake; do : >$place/made; done"
    made = ("run/boothkit/staff/made", "var/lib/boothkit/made", "run/boothkit/wake/made")
    # As on the box: neither a member of these groups in force here, nor allowed to change one. Its working folder is
    # the tree, whose parents are the tester's alone.
    groups = _table(peopled, "group")
    wake = groups["boothkit-wake"][1]
    subprocess.run(
        ["setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={wake}", "sh", "-c", script], cwd=peopled, check=True
    )
    try:
        found = [(peopled / path).stat().st_gid for path in made]
        assert found == [int(groups[name][1]) for name in ("boothkit-as-staff", "boothkit-journal", "boothkit-wake")]
    finally:
        for path in made:
            (peopled / path).unlink()
