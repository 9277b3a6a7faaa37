"""Frames between the recorder and everybody else: JSON over unix SOCK_SEQPACKET, one message a frame."""

import json
import socket
from pathlib import Path
from typing import Any

MAX_FRAME = 128 * 1024


def socket_path(run: Path, role: str) -> Path:
    """Where the recorder answers a role. Each role has a folder of its own, whose group is who may speak in it
    (docs/service.md)."""
    return run / role / "recorder.sock"


class BadFrame(ValueError):
    """A message that is no frame; the text says what was found."""


def receive(link: socket.socket) -> bytes | None:
    """The next message as it came, of at most one byte more than a frame has; empty: the other end is gone; None: a
    link that does not block has nothing yet."""
    try:
        return link.recv(MAX_FRAME + 1)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def pack(frame: dict[str, Any]) -> bytes:
    """A frame's bytes; raises BadFrame when it is longer than 128 KiB or holds what JSON cannot."""
    try:
        raw = json.dumps(frame, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise BadFrame(f"not JSON: {error}") from error
    if len(raw) > MAX_FRAME:
        raise BadFrame(f"{len(raw)} bytes; a frame has at most {MAX_FRAME}")
    return raw


def unpack(raw: bytes) -> dict[str, Any]:
    """The object that a message carries; raises BadFrame."""
    if len(raw) > MAX_FRAME:
        raise BadFrame(f"more than {MAX_FRAME} bytes")
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"not JSON: {error}") from error
    if not isinstance(frame, dict):
        raise BadFrame(f"a frame is an object, not a {type(frame).__name__}")
    return frame
