"""What ``boothkit central sign`` and ``publish`` do."""

import hashlib
from pathlib import Path

import msgspec

from appliance.central import policies, policyfolder
from appliance.central.keyring import Keyring, central_signer
from appliance.central.policyfolder import DAYS
from appliance.central.serve import now_ms
from appliance.clock import rfc3339
from appliance.commands._common import Box
from appliance.durable import write_durably
from appliance.errors import DataError
from appliance.files import bundle
from appliance.files.bundle import BadBundle, Bundle
from appliance.services.update import Release

__all__ = ["DAYS", "policy", "publish", "update"]


def update(box: Box, image: Path, release: str, number: int, arch: str, scope: str, days: int) -> None:
    """The note of an image, beside it."""
    if image.suffix != ".img":
        raise DataError(f"{image}: the image of an update is called NAME.img", remedy="Rename it.")
    with image.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    data = {"release": release, "arch": arch, "size": image.stat().st_size, "sha256": digest}
    expires = rfc3339(now_ms() + days * policyfolder.DAY_MS)
    signed = Bundle(kind="update", version=number, scope=scope, expires=expires, data=data)
    try:
        msgspec.convert(msgspec.to_builtins(signed), Bundle)
        msgspec.convert(data, Release)
    except msgspec.ValidationError as error:
        raise DataError(str(error), remedy="Correct it and sign again.") from error
    note = image.with_suffix(".note")
    note.write_text(central_signer(box.data / "keys").sign(signed.text()), encoding="utf-8")
    box.out({"note": str(note), "sha256": digest, "expires": expires}, f"{note} is good until {expires}.")


def policy(box: Box, folder: Path, number: int | None, scope: str | None, days: int | None, *, publish: bool) -> None:
    """The note of a folder, beside it, and to central when asked for."""
    folder = folder.resolve()
    keys = box.data / "keys"
    options = policyfolder.Options(number, scope, days)
    signed = policyfolder.read(folder, options, Keyring(keys), now_ms())
    signer = central_signer(keys)
    raw = signer.sign(signed.text()).encode()
    try:
        packed = bundle.pack(raw)
    except BadBundle as error:
        raise DataError(f"{folder}: {error.words}", remedy="Leave out what has not changed; sections stay.") from error
    note = folder.with_name(folder.name + ".note")
    if publish:
        policies.publish(box.data / policies.FOLDER, note.name, raw, signer.verifier)
    write_durably(note, raw, 0o644)
    answer = {
        "note": str(note),
        "version": signed.version,
        "scope": signed.scope,
        "expires": signed.expires,
        "kinds": sorted(signed.data),
        "bytes": len(raw),
        "packed": len(packed),
        "published": publish,
    }
    where = " Central sends it to its boxes." if publish else ""
    words = f"{note}: policy {signed.version} for {signed.scope} ({', '.join(sorted(signed.data))}), good until"
    box.out(answer, f"{words} {signed.expires}.{where}")


def publish(box: Box, note: Path) -> None:
    """A note into the folder that central watches."""
    try:
        signed = policies.publish(
            box.data / policies.FOLDER,
            note.with_suffix(".note").name,
            bundle.read_file(note),
            central_signer(box.data / "keys").verifier,
        )
    except BadBundle as error:
        raise DataError(f"{note}: {error.words}", remedy="Sign it with this central: boothkit central sign") from error
    said = {"version": signed.version, "scope": signed.scope, "expires": signed.expires}
    box.out(said, f"Policy {signed.version} goes to {signed.scope}.")
