"""A folder of files that takes another one's place at once: who serves it sees the old site or the new one."""

import ctypes
import errno
import os
import shutil
from pathlib import Path

from appliance.errors import DataError

_AT_FDCWD, _EXCHANGE = -100, 2  # renameat2(2)


def put(folder: Path, files: dict[str, bytes], marker: str) -> None:
    """Write ``files`` (by their paths) as ``folder``, in place of one that has ``marker``. DataError."""
    folder = folder.absolute()
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise DataError(f"{folder}: is no folder", remedy="Name a folder that is empty, or not there.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / marker).is_file():
        raise DataError(f"{folder}: has other files in it", remedy="Name a folder that is empty, or not there.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        for name, content in sorted(files.items()):
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(content)
                os.fsync(file.fileno())
        _exchange(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _exchange(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(folder), _EXCHANGE) == 0:
        return
    code = ctypes.get_errno()
    if code not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(code, os.strerror(code), str(folder))
    # A file system that cannot: for a moment there is no folder.
    old = fresh.with_suffix(".old")
    folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
