"""The files of systemd/, laid into a scratch root, and what it takes to put them to the real tools."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"


def needs(*programs: str, root: bool = False) -> None:
    """Skip the test where a program or root's rights are missing; fail where everything has to be there (CI=true)."""
    missing = [program for program in programs if shutil.which(program) is None]
    if root and os.geteuid() != 0:
        missing.append("root's rights")
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"not here: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not here: {', '.join(missing)}")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root tree that holds what systemd/install lays down, and stand-ins for the programs that the units start."""
    root = tmp_path_factory.mktemp("root")
    subprocess.run([SYSTEMD / "install", root], check=True)
    for program in ("usr/bin/boothkit", "usr/bin/nmcli", "usr/sbin/nft", "usr/sbin/dnsmasq"):
        path = root / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return root


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root tree with the box's users and groups, made by the real systemd-sysusers."""
    needs("systemd-sysusers", root=True)
    root = tmp_path_factory.mktemp("people")
    root.chmod(0o755)
    subprocess.run([SYSTEMD / "install", root], check=True)
    (root / "etc").mkdir(exist_ok=True)
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    done = subprocess.run(["systemd-sysusers", f"--root={root}"], capture_output=True, text=True, check=True)
    assert "ignoring" not in done.stderr
    return root


class Namespace:
    """A network and mount namespace of its own, held by a process that waits for the end of its input."""

    def __init__(self, setup: str = "") -> None:
        """`setup`: shell commands that run inside first."""
        script = f"set -e; mount --make-rprivate /; {setup}\nip link set lo up; echo ready; read -r _ || true"
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            self.close()
            raise AssertionError("the namespace was not made; its reason is on stderr")

    @property
    def pid(self) -> int:
        return self._holder.pid

    def argv(self, *argv: str | Path) -> list[str]:
        """A command line that runs `argv` inside."""
        return ["nsenter", "-t", str(self.pid), "--net", "--mount", "--", *map(str, argv)]

    def run(self, *argv: str | Path) -> str:
        """Its output; an AssertionError when it fails."""
        done = subprocess.run(self.argv(*argv), capture_output=True, text=True)
        assert done.returncode == 0, f"{argv}: {done.stderr}"
        return done.stdout

    def close(self) -> None:
        self._holder.communicate()


@pytest.fixture
def usr_with_ours(installed: Path) -> Iterator[Namespace]:
    """This machine as if systemd/install had been run on it: our files over its /usr, where nobody else sees it."""
    needs("unshare", "nsenter", "ip", root=True)
    namespace = Namespace(f"mount -t overlay overlay -o lowerdir={installed}/usr:/usr /usr")
    yield namespace
    namespace.close()
