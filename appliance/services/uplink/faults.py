"""What can be wrong on the way to the broker, in words for a person: the reason, and what to do about it."""

import socket
import ssl
from dataclasses import dataclass
from enum import IntEnum

from appliance.services.uplink.address import Expired


class Code(IntEnum):
    """Reason codes, MQTT 5.0 §2.4; from 0x80 on they are failures."""

    NO_MATCHING_SUBSCRIBERS = 0x10
    """PUBACK: the broker took the message, nobody listens. No failure."""
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USER_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SHUTTING_DOWN = 0x8B
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    USE_ANOTHER_SERVER = 0x9C
    SERVER_MOVED = 0x9D


_FIRST_FAILURE = 0x80


@dataclass(frozen=True)
class Fault:
    """Why facts do not get through, and what a person can do."""

    reason: str
    remedy: str


_RULES = "Let the broker's access rules allow this box to write and read below boothkit/1/<cell>/<box>/."
_WHO = "Check [mqtt] user and password_file, and the broker's list of users."
_WAIT = "Nothing: the box connects again by itself, and nothing is lost."
_MOVED = "Set [mqtt] broker to the server that took its place."

_REMEDIES: dict[int, str] = {
    Code.UNSUPPORTED_VERSION: "Let the broker speak MQTT 5.",
    Code.CLIENT_ID_NOT_VALID: "Give the box an id that the broker allows.",
    Code.BAD_USER_OR_PASSWORD: _WHO,
    Code.NOT_AUTHORIZED: _RULES,
    Code.SERVER_UNAVAILABLE: _WAIT,
    Code.SERVER_BUSY: _WAIT,
    Code.BANNED: "Ask whoever runs the broker why this box is banned.",
    Code.SHUTTING_DOWN: _WAIT,
    Code.KEEP_ALIVE_TIMEOUT: _WAIT,
    Code.SESSION_TAKEN_OVER: "Another box connects with the same id: give each box its own [box] id.",
    Code.PACKET_TOO_LARGE: "Raise the broker's maximum packet size (mosquitto: max_packet_size).",
    Code.QUOTA_EXCEEDED: "Raise the broker's quota for this box.",
    Code.RETAIN_NOT_SUPPORTED: "Use a broker that keeps retained messages.",
    Code.QOS_NOT_SUPPORTED: "Use a broker that takes QoS 1.",
    Code.USE_ANOTHER_SERVER: _MOVED,
    Code.SERVER_MOVED: _MOVED,
}


def is_failure(code: int) -> bool:
    """Whether a reason code means that the broker did not do what it was asked for."""
    return code >= _FIRST_FAILURE


def by_code(doing: str, code: int, name: str) -> Fault:
    """A failing reason code as the answer to ``doing``, what was asked of the broker."""
    remedy = _REMEDIES.get(code, "Look into the broker's log.")
    return Fault(f"{doing}: the broker answers {name} (0x{code:02x})", remedy)


def by_connack(code: int, name: str) -> Fault:
    """A refused CONNECT. Many brokers, mosquitto too, call a wrong password *Not authorized*."""
    fault = by_code("connecting", code, name)
    return Fault(fault.reason, _WHO) if code == Code.NOT_AUTHORIZED else fault


def by_end(broker: str, code: int, *, answered: bool) -> Fault:
    """Why a connection ended from our side; ``code`` as paho-mqtt puts it into a reason code, ``answered``: whether the
    broker had let us in."""
    match code:
        case Code.PROTOCOL_ERROR:
            return Fault(f"{broker}: what answers there is not MQTT 5", "Check host and port in [mqtt] broker.")
        case Code.KEEP_ALIVE_TIMEOUT:
            return Fault(f"{broker}: no sign of life within the keep-alive time", _WAIT)
        case _ if not answered:
            return Fault(
                f"{broker}: the connection ends before the broker answers",
                "Check host and port in [mqtt] broker, and whether that port wants TLS ([mqtt] ca, cert, key).",
            )
        case _:
            return Fault(f"{broker}: the connection was lost", _WAIT)


def by_kicks(fault: Fault) -> Fault:
    """Connections that come and go: what brokers do to two clients of one name, often without saying so."""
    return Fault(
        f"{fault.reason}, soon after it began, again and again",
        "See whether another box has the same id: each box needs its own [box] id. Else look into the broker's log.",
    )


def by_error(broker: str, error: BaseException) -> Fault:
    """Why no connection could be opened."""
    match error:
        case ssl.SSLCertVerificationError():
            return Fault(
                f"{broker}: its certificate is not accepted: {error.verify_message}",
                "Check [mqtt] ca, the broker's name in its certificate, and this box's clock.",
            )
        case Expired():
            return Fault(str(error), "Have a new certificate made, and check this box's clock.")
        case ssl.SSLError():
            return Fault(f"{broker}: no TLS: {error.strerror}", "Check the port, and [mqtt] ca, cert and key.")
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
            return Fault(f"{broker}: no answer", "Check whether there is an uplink, and what firewalls let through.")
        case FileNotFoundError() | PermissionError() | IsADirectoryError() if error.filename:
            return Fault(
                f"{error.filename}: {error.strerror}",
                "Check the files named in [mqtt]; the user that runs the uplink must be able to read them.",
            )
        case OSError():
            return Fault(f"{broker}: {error.strerror or error}", "Check whether there is an uplink.")
        case _:
            return Fault(f"{broker}: {type(error).__name__}: {error}", "Check the [mqtt] table of the configuration.")
