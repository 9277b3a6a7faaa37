"""What can be wrong with the way to the broker, in words for a person: the reason, and what to do about it."""

import socket
import ssl
from dataclasses import dataclass

NO_MATCHING_SUBSCRIBERS = 0x10
"""PUBACK: the broker took the message, nobody listens (MQTT 5.0 §3.4.2.1). No failure."""

_FIRST_FAILURE = 0x80  # MQTT 5.0 §2.4: reason codes from here on are failures


@dataclass(frozen=True)
class Fault:
    """Why there is no (working) connection, and what a person can do."""

    reason: str
    remedy: str


def is_failure(code: int) -> bool:
    """Whether a reason code means that the broker did not do what it was asked for."""
    return code >= _FIRST_FAILURE


_ALLOW = "Let the broker's access rules allow this user to write below its boothkit/1/<cell>/<box>/ and to read it."
_WAIT = "Nothing: the box connects again by itself, and nothing is lost."

_BY_CODE = {
    0x84: "Let the broker speak MQTT 5.",
    0x85: "Give the box an id that the broker allows.",
    0x86: "Check [mqtt] user and password_file, and the broker's list of users.",
    0x87: _ALLOW,
    0x88: _WAIT,
    0x89: _WAIT,
    0x8A: "Ask whoever runs the broker why this box is banned.",
    0x8B: _WAIT,
    0x8D: _WAIT,
    0x8E: "Another box connects with the same id: give each box its own [box] id.",
    0x93: "Report this: the box sent more at a time than the broker allows.",
    0x95: "Raise the broker's maximum packet size (mosquitto: max_packet_size).",
    0x97: "Raise the broker's quota for this box.",
    0x9A: "Use a broker that keeps retained messages.",
    0x9B: "Use a broker that takes QoS 1.",
    0x9C: "Set [mqtt] broker to the server that the broker names.",
    0x9D: "Set [mqtt] broker to the server that the broker names.",
}


def by_code(doing: str, code: int, name: str) -> Fault:
    """A failing reason code as an answer to ``doing`` (what was asked of the broker)."""
    remedy = _BY_CODE.get(code, "Look into the broker's log.")
    return Fault(f"{doing}: the broker answers {name} (0x{code:02x})", remedy)


def by_error(broker: str, error: BaseException) -> Fault:
    """Why no connection could be opened."""
    match error:
        case ssl.SSLCertVerificationError():
            return Fault(
                f"{broker}: its certificate is not accepted: {error.verify_message or error.reason}",
                "Check [mqtt] ca, the broker's name in its certificate, and this box's clock.",
            )
        case ssl.SSLError():
            return Fault(f"{broker}: no TLS: {error.reason}", "Check the port, and [mqtt] ca, cert and key.")
        case socket.gaierror():
            return Fault(
                f"{broker}: the name is not known here",
                "Check [mqtt] broker, and whether there is an uplink.",
            )
        case ConnectionRefusedError():
            return Fault(
                f"{broker}: nothing listens there",
                "Start the broker, or check host and port in [mqtt] broker.",
            )
        case TimeoutError():
            return Fault(
                f"{broker}: no answer", "Check whether there is an uplink, and what firewalls let through."
            )
        case FileNotFoundError() | PermissionError() | IsADirectoryError() if error.filename:
            return Fault(
                f"{error.filename}: {error.strerror}",
                "Check the files named in [mqtt]; the user that runs the uplink must be able to read them.",
            )
        case OSError():
            return Fault(f"{broker}: {error.strerror or error}", "Check whether there is an uplink.")
        case _:
            return Fault(
                f"{broker}: {type(error).__name__}: {error}", "Check the [mqtt] table of the configuration."
            )
