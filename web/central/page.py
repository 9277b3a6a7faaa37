"""Central's numbers in words, as the page of boxes shows them: those that need somebody come first."""

from datetime import UTC, datetime
from typing import Any

_NBSP = "\N{NO-BREAK SPACE}"
_HEARD_S = 300
_BAR = 96
"""Width of the bar that shows how much of a box is safe."""

_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def shown(
    boxes: list[dict[str, Any]], tasks: list[dict[str, Any]], kpis: dict[str, Any], now_ms: int
) -> dict[str, Any]:
    """What the template is given."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for task in tasks:
        kinds.setdefault((task["cell"], task["box"]), []).append(task["kind"])
    rows = [_row(box, kinds.get((box["cell"], box["box"]), [])) for box in boxes]
    rows.sort(key=lambda row: not row["alarms"])
    return {
        "rows": rows,
        "tasks": tasks,
        "title": _title(boxes, tasks),
        "at": f"{datetime.fromtimestamp(now_ms / 1000, UTC):%A %d %B, %H:%M} UTC",
        "boxes": plural(len(boxes), "box", "boxes"),
        "alarms": plural(len(tasks), "alarm", "alarms"),
        "heard": sum(box["age_s"] <= _HEARD_S for box in boxes),
        "waiting": _grouped(sum(box["position"] - box["safe"] for box in boxes)),
        "sales": _grouped(kpis["sales"]["count"]),
        "entries": _grouped(kpis["attendance"]["in"]),
        "source": kpis["attendance"]["source"],
    }


def _title(boxes: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> str:
    if not boxes and not tasks:
        return "No box has been heard yet"
    need = len({(task["cell"], task["box"]) for task in tasks if task["box"]})
    if need == 0:
        return "Something needs you" if tasks else "No box needs you"
    count = _WORDS[need] if need < len(_WORDS) else str(need)
    return f"{count} box needs you" if need == 1 else f"{count} boxes need you"


def _row(box: dict[str, Any], kinds: list[str]) -> dict[str, Any]:
    safe, position = box["safe"], box["position"]
    battery = box["soc_permille"]
    return {
        "cell": box["cell"],
        "box": box["box"],
        "log": box["log"],
        "event": box["event_name"] or box["event"] or "No event",
        "safe": _grouped(safe),
        "position": _grouped(position),
        "bar": _BAR if not position else _BAR * safe // position,
        "heard": _ago(box["age_s"]),
        "online": box["online"],
        "battery": "Not known" if battery is None else f"{(battery + 5) // 10}{_NBSP}%",
        "alarms": [kind.capitalize() for kind in sorted(set(kinds))],
    }


def _ago(seconds: int) -> str:
    """How long since, in the largest unit."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size}{_NBSP}{unit} ago"
    return f"{seconds}{_NBSP}s ago"


def _grouped(number: int) -> str:
    return f"{number:,}"


def plural(count: int, one: str, many: str) -> str:
    """``3 boxes``."""
    return f"{count:,} {one if count == 1 else many}"
