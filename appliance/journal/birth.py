"""Telling a file from a copy of it: when it was made, by statx(2)."""

import ctypes
import os
import struct
from pathlib import Path

_AT_FDCWD = -100
_STATX_BTIME = 0x800
_SIZE, _MASK, _BTIME = 256, 0, 80  # struct statx, <linux/stat.h>


def birth(path: Path) -> str:
    """What a copy of the file does not share with it: its time of birth, or, where the file system keeps none, its
    inode number. OSError."""
    buffer = ctypes.create_string_buffer(_SIZE)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(path))
    (mask,) = struct.unpack_from("=I", buffer.raw, _MASK)
    if mask & _STATX_BTIME:
        seconds, nanoseconds = struct.unpack_from("=qI", buffer.raw, _BTIME)
        return f"born {seconds}.{nanoseconds:09}"
    return f"inode {path.stat().st_ino}"
