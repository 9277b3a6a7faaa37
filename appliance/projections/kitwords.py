"""What the kit check says to people, step by step: the page and the terminal say the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.domain.kit import Outcome, Proof, Reason
from appliance.domain.kitplan import KIND, Place, StepName
from appliance.language import N_


@dataclass(frozen=True)
class Words:
    """``do``: what to do and to answer; ``ask``: has the part show that it works, "" where nothing is to be started;
    ``yes``: the good answer; ``fails``: the other answers by their reasons; ``help``: what to try."""

    title: str
    do: str
    ask: str
    yes: str
    fails: Mapping[Reason, str]
    help: tuple[str, ...]


WORDS: Mapping[StepName, Words] = {
    "power": Words(
        "Power",
        "Does the box run from what it shall run from?",
        "",
        "Yes, it does",
        {"incomplete": "Battery or sun is missing"},
        (
            "Is the charger's plug in all the way, and its lamp on?",
            "Is the cable to the box plugged in, and the charger named below “Found”?",
            "A 12 V battery below 12.2 V is nearly empty: charge it before you open.",
        ),
    ),
    "clock": Words(
        "Clock",
        "Is this the right time?",
        "",
        "Yes, it is",
        {"not_the_time": "It is another time"},
        (
            "Give the box a network for a minute: it sets its clock by itself.",
            "Without one, the lead sets it from a phone. Until then, rules about time are skipped and said to be.",
        ),
    ),
    "printer": Words(
        "Receipt printer",
        "Did this slip come out, with a clean cut?",
        "Print the test slip",
        "Yes, it did",
        {"nothing_happened": "Nothing came out", "unreadable": "It cannot be read", "not_cut": "It was not cut"},
        (
            "Is the cover shut, and the light steady?",
            "Turn the roll over: thermal paper has one printing side.",
            "Odd letters: the profile in the printer's address is another printer's.",
            "Unplug it, count to five, plug it in. The box tries again by itself.",
        ),
    ),
    "drawer": Words(
        "Cash drawer",
        "Shut the drawer. Is it shut now?",
        "",
        "Yes, it is shut",
        {"nothing_happened": "It does not tell open from shut"},
        (
            "The drawer's plug goes into the printer, not into the telephone or the network.",
            "Some drawers have no sensor: leave this step out, selling works without it.",
        ),
    ),
    "scanner": Words(
        "Scanner",
        "Scan this code",
        "",
        "",
        {"nothing_happened": "It reads nothing"},
        (
            "Does it light up when you press its trigger? If not, it has no power.",
            "Hold it a hand away from the screen, and make the screen brighter. The test slip has the same code.",
            "It beeps, and nothing happens here: its cable is in another device, or it is set to another mode.",
        ),
    ),
    "footfall": Words(
        "Footfall",
        "Walk in once",
        "Count from now on",
        "",
        {"nothing_happened": "It counts nobody", "wrong_way": "In and out are swapped"},
        (
            "Clear the path: bags, stands and tape within a hand of the beam.",
            "Turn the reflector until the lamp on the beam is steady.",
            "Beams belong at the height of an elbow, 8 to 12 cm apart, each with a sensor and a line of its own.",
            "It counts you out when you walk in: give a beam pair in=27 for gpio://17,27; turn a camera's line.",
        ),
    ),
    "indicator": Words(
        "Light and sound",
        "Did it flash or beep just now?",
        "Flash now",
        "Yes, it did",
        {"nothing_happened": "Nothing to see or hear"},
        (
            "Is its plug in, the right way round?",
            "In the sun, shade it with your hand and try again.",
        ),
    ),
    "relay": Words(
        "Switched socket",
        "Did it switch on and off just now?",
        "Switch now",
        "Yes, it did",
        {"nothing_happened": "Nothing switched"},
        ("Is the relay's own supply on?", "Do you hear it click? Then look at what is plugged into it."),
    ),
    "button": Words(
        "Lead's button",
        "Press the button",
        "",
        "",
        {"nothing_happened": "No press arrives"},
        ("Press it briefly; holding it shuts the box down.", "Is its plug in?"),
    ),
    "wifi": Words(
        "Guest Wi-Fi",
        "Join the guests' Wi-Fi with your phone. Does the box's page open?",
        "",
        "Yes, it opens",
        {"nothing_happened": "It does not open"},
        (
            "Turn the phone's mobile data off for this.",
            "The phone asks whether to stay in a network without internet: yes.",
        ),
    ),
    "keys": Words(
        "Keys and policy",
        "Is this what you need today?",
        "",
        "Yes, it is",
        {"incomplete": "Something is missing"},
        (
            "Tickets: boothkit tickets import FILE --list NAME, or issue them here.",
            "Central's key: the line that central prints, as [central] key in the configuration.",
        ),
    ),
    "sale": Words(
        "Test sale",
        "Sell one thing at the till, and look at its receipt",
        "",
        "Yes, sale and receipt are right",
        {"incomplete": "It did not work"},
        (
            "The event has to be open, and the drawer opened with its float.",
            "Sell the cheapest item for cash, and put the money in.",
        ),
    ),
}

SKIPS: Mapping[Reason, str] = {
    "not_here": N_("We have none"),
    "not_needed": N_("Not needed today"),
    "later": N_("Later"),
}
OUTCOMES: Mapping[Outcome, str] = {"passed": N_("Works"), "failed": N_("Fault"), "skipped": N_("Left out")}
PROOFS: Mapping[Proof, str] = {
    "seen": N_("the box saw it"),
    "said": N_("a person said so"),
    "both": N_("the box and a person saw it"),
}


def title(place: Place, say: Callable[[str], str] = str) -> str:
    """``Scanner door``, ``Receipt printer 2``; a drawer is named as its printer. ``say``: tells the step's name in
    another language."""
    words = say(WORDS[place.step].title)
    rest = place.device.partition("-")[2]
    return f"{words} {rest}" if rest else words


def reason(place: Place, told: str | None) -> str:
    """Why a step failed or was left out."""
    known = {**WORDS[place.step].fails, **SKIPS}
    return next((words for key, words in known.items() if key == told), "")


def has_device(step: StepName) -> bool:
    """Whether this step is about a device."""
    return step in KIND
