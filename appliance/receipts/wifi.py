"""The guests' Wi-Fi as phones read it from a code, and the slip that shows it."""

from appliance.config import Config, Wifi
from appliance.errors import Problem
from appliance.language import N_
from appliance.receipts.layout import Code, Element, Line, Rule, Title
from appliance.receipts.wording import Wording

_SPECIAL = str.maketrans({character: f"\\{character}" for character in '\\;,:"'})


def join_code(wifi: Wifi) -> str:
    """What a QR says that joins the network (ZXing's de-facto form, which Android and iOS read; of ``\\ ; , : "`` each
    gets a backslash). Problem ``no-air``: there is none."""
    if not wifi.ssid:
        raise Problem("no-air", "[wifi] ssid is empty", N_("Name the Wi-Fi in boothkit.toml, then restart the box."))
    secret = f"T:WPA;S:{wifi.ssid.translate(_SPECIAL)};P:{wifi.password.translate(_SPECIAL)}"
    return f"WIFI:{secret if wifi.password else f'T:nopass;S:{wifi.ssid.translate(_SPECIAL)}'};;"


def host(public_url: str) -> str:
    """The portal's address as people type it."""
    return public_url.removeprefix("http://").rstrip("/")


def slip(config: Config, event: str, words: Wording) -> list[Element]:
    """How a guest gets to the portal. ``event``: its name, or "". Where the Wi-Fi is gone since, its address alone:
    what was asked of a printer comes out."""
    _, wifi = words.gettext, config.wifi
    join: list[Element] = []
    if wifi.ssid:
        join = [
            Line(_("1. Join"), bold=True),
            Code(join_code(wifi)),
            Line(_("Network: %(name)s", name=wifi.ssid), centred=True),
            Line(_("Password: %(word)s", word=wifi.password or _("none")), centred=True),
            Rule(),
        ]
    return [
        Title(_("Our own Wi-Fi")),
        *([Line(event, centred=True)] if event else []),
        Rule(),
        *join,
        Line(_("2. Open, if the page does not open by itself"), bold=True),
        Code(f"{config.portal.public_url.rstrip('/')}/"),
        Line(host(config.portal.public_url), centred=True),
    ]
