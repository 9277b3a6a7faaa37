"""What a counter says of itself, in words: whole sentences, as they stand under ``missing`` and on the screens."""

from collections.abc import Iterable

from appliance.language import N_
from appliance.projections.counting import Judged

SOURCES = (N_("beam"), N_("camera"), N_("beam+camera"), N_("admissions"))
"""By what attendance is counted, as the screens show it."""


def doubts(judged: Iterable[Judged]) -> list[str]:
    """What stands against the counters' numbers, one sentence each; none of those that count well."""
    found = []
    for one in judged:
        if one.verdict in ("poor", "unsuitable"):
            found.append(sentence(one))
        if one.gap:
            device = one.device
            found.append(N_(f"{device} could not count for a while"))
    return found


def sentence(one: Judged) -> str:
    """A verdict with its weightiest reason."""
    first = next(iter(one.reasons), "")
    return _poor(one.device, first) if one.verdict == "poor" else _unsuitable(one.device, first)


def _unsuitable(device: str, reason: str) -> str:
    match reason:
        case "too-close":
            return N_(f"{device} cannot count this view: people are too close")
        case "too-far":
            return N_(f"{device} cannot count this view: people are too far away")
        case "crowded":
            return N_(f"{device} cannot count this view: people hide each other")
        case "covered":
            return N_(f"{device} cannot count: it is covered")
        case "moved":
            return N_(f"{device} cannot count: it was moved")
        case "dark":
            return N_(f"{device} cannot count this view: it is too dark")
        case "light-changes":
            return N_(f"{device} cannot count this view: the light changes all the time")
        case "slow":
            return N_(f"{device} cannot count: too few pictures a second")
        case "blocked":
            return N_(f"{device} cannot count: a beam stays broken")
        case "illegal":
            return N_(f"{device} cannot count: its beams change in ways that nobody walks")
        case _:
            return N_(f"{device} cannot count where it is")


def _poor(device: str, reason: str) -> str:
    match reason:
        case "too-close":
            return N_(f"{device} counts poorly: people are too close")
        case "too-far":
            return N_(f"{device} counts poorly: people are too far away")
        case "crowded":
            return N_(f"{device} counts poorly: people hide each other")
        case "covered":
            return N_(f"{device} counts poorly: it is covered in part")
        case "moved":
            return N_(f"{device} counts poorly: it was moved")
        case "dark":
            return N_(f"{device} counts poorly: it is too dark")
        case "light-changes":
            return N_(f"{device} counts poorly: the light changes all the time")
        case "slow":
            return N_(f"{device} counts poorly: too few pictures a second")
        case "blocked":
            return N_(f"{device} counts poorly: a beam stays broken at times")
        case "illegal":
            return N_(f"{device} counts poorly: its beams often change in ways that nobody walks")
        case _:
            return N_(f"{device} counts poorly")
