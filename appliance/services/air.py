"""The guests' Wi-Fi as the programs that make it want it told: NetworkManager, the two dnsmasqs, nftables.

NetworkManager makes the access point, gives out addresses and masquerades (ipv4.method=shared). Its dnsmasq says of
every name that it is at an address that is nobody's and not private: phones do not look for a portal behind private
ones. The firewall turns whatever goes there back to the box. Only for guests who may get through, a second dnsmasq
looks the real names up.

All files lie in memory, so a box without a guests' Wi-Fi begins without them at each start.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.config import OWN_HOSTS, Wifi

PROFILE = "boothkit-guests"
NOBODY = "198.51.100.1"
"""An address of documentation (RFC 5737): nobody's, and not private."""
NAMES_PORT = 5300
"""Where the second dnsmasq is asked; the firewall leads there who may get through."""
_NAME, _ADDRESS = OWN_HOSTS
_UUID = uuid.uuid5(uuid.NAMESPACE_DNS, f"{PROFILE}.{_NAME}")


@dataclass(frozen=True)
class Places:
    """``profile``: NetworkManager's keyfile; ``shared``: what its dnsmasq reads beside, ``leases``: what it writes;
    ``names``: the second dnsmasq's configuration; ``through``: nft commands for when there is a way out."""

    profile: Path
    shared: Path
    names: Path
    through: Path
    leases: Path

    @classmethod
    def beside(cls, run: Path) -> "Places":
        """Those that belong to a run folder; on a box NetworkManager's lies beside it."""
        folder = run / "air"
        return cls(
            run.parent / "NetworkManager" / "system-connections" / f"{PROFILE}.nmconnection",
            folder / "shared" / "boothkit.conf",
            folder / "names.conf",
            folder / "through.nft",
            folder / "leases",
        )


def lay(wifi: Wifi, places: Places) -> bool:
    """Write what has to be there and take away the rest; whether anything changed. OSError: it cannot be written."""
    texts = dict.fromkeys((places.profile, places.shared, places.names, places.through), "")
    if wifi.ssid:
        texts[places.profile], texts[places.shared] = keyfile(wifi), shared(places.leases)
        if wifi.pass_through:
            texts[places.names], texts[places.through] = names(wifi), through(wifi)
    # Anybody may read how names are answered: dnsmasq is nobody. NetworkManager takes no keyfile that others can read.
    changed = [path for path, text in texts.items() if _write(path, text, 0o600 if path == places.profile else 0o644)]
    return bool(changed)


def _write(path: Path, text: str, rights: int) -> bool:
    before = path.read_text(encoding="ascii") if path.exists() else ""
    if before == text:
        return False
    if not text:
        path.unlink()
        return True
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.touch(0o600)
    temporary.write_text(text, encoding="ascii")
    temporary.chmod(rights)
    temporary.replace(path)
    return True


def keyfile(wifi: Wifi) -> str:
    """The access point (nm-settings-keyfile(5)). Its name as bytes: any text is one then."""
    security = ""
    if wifi.password:
        security = f"""
[wifi-security]
key-mgmt=wpa-psk
proto=rsn;
pairwise=ccmp;
group=ccmp;
psk={_escaped(wifi.password)}
"""
    return f"""[connection]
id={PROFILE}
uuid={_UUID}
type=wifi
interface-name={wifi.interface}
autoconnect=true
autoconnect-priority=100
autoconnect-retries=0

[wifi]
mode=ap
ssid={"".join(f"{byte};" for byte in wifi.ssid.encode())}
band=bg
channel={wifi.channel}
ap-isolation=1
{security}
[ipv4]
method=shared
address1={_ADDRESS}/24

[ipv6]
method=disabled
"""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(" ", "\\s")


def shared(leases: Path) -> str:
    """For NetworkManager's dnsmasq: every name, and where the portal tells how things are (RFC 8910). It logs no
    device, and ``leases``, where it keeps them, is not on the card."""
    return f"""dhcp-option-force=114,http://{_ADDRESS}/capport
quiet-dhcp
dhcp-leasefile={leases}
no-resolv
local=/#/
address=/#/{NOBODY}
address=/{_NAME}/{_ADDRESS}
"""


def names(wifi: Wifi) -> str:
    """For the dnsmasq of those who get through: the names that the box itself would get, and the box's own. No answer
    leads into a private network."""
    return f"""port={NAMES_PORT}
interface={wifi.interface}
except-interface=lo
no-hosts
resolv-file=/etc/resolv.conf
stop-dns-rebind
address=/{_NAME}/{_ADDRESS}
"""


def through(wifi: Wifi) -> str:
    """nft commands: whoever was let through gets out."""
    return f'flush set inet boothkit through\nadd element inet boothkit through {{ "{wifi.interface}" }}\n'


def rules(wifi: Wifi) -> Iterator[str]:
    """nft commands for the firewall's own table: which interface is the guests', and how fast they may be."""
    if not (wifi.ssid and wifi.pass_through):
        yield "flush set inet boothkit through\n"
    if not wifi.ssid:
        return
    yield f'add element inet boothkit guests {{ "{wifi.interface}" }}\n'
    if wifi.pass_through and wifi.rate_kbit:
        second = wifi.rate_kbit * 125  # bytes
        pace = f"limit rate over {second} bytes/second burst {max(second // 4, 16_384)} bytes"
        for way, field in (("up", "saddr"), ("down", "daddr")):
            yield f"add rule inet boothkit pace_{way} update @{way} {{ ip {field} {pace} }} drop\n"
