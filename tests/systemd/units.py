"""Unit files as systemd reads them: sections of keys, each with all its values in order."""

from pathlib import Path

from tests.systemd.conftest import SYSTEMD

Section = dict[str, list[str]]

SANDBOX = SYSTEMD / "boothkit-.service.d" / "50-sandbox.conf"

JOINED = {
    "CapabilityBoundingSet",
    "Environment",
    "InaccessiblePaths",
    "ReadWritePaths",
    "RestrictAddressFamilies",
    "SystemCallFilter",
}
"""Keys whose values are added up over a unit and its drop-ins; of all others the drop-in's counts (systemd.exec(5))."""


def read(path: Path) -> dict[str, Section]:
    """The sections of a unit or a drop-in."""
    sections: dict[str, Section] = {}
    section: Section = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


def services() -> list[Path]:
    """All services of the box."""
    return sorted(SYSTEMD.glob("*.service"))


def service(worker: str) -> Section:
    """The [Service] section of a worker's unit, with the shared sandbox behind it."""
    section = read(SYSTEMD / f"boothkit-{worker}.service")["Service"]
    for key, values in read(SANDBOX)["Service"].items():
        section[key] = [*section.get(key, []), *values]
    return section


def words(section: Section, key: str) -> set[str]:
    """The single words of a list."""
    return set(" ".join(section.get(key, [])).split())
