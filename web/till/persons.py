"""What is kept of people, as staff see it; and its erasure."""

from typing import Any

from appliance.backup import returnlist
from appliance.backup.returnlist import Made
from appliance.clock import rfc3339
from appliance.domain.erasure import MOST_REFS
from appliance.journal.notes import Verifier
from appliance.projections import events, guests, persons
from web.common.language import _
from web.till import auth
from web.till.deps import deps, here


def is_erased(ref: str | None) -> bool:
    """Whether something was said there that is gone now."""
    return ref is not None and persons.is_erased(deps().reader.db(), ref)


def told(ref: str | None, name: str) -> str:
    """What was said under a reference, for a page: the text, that it was erased, or nothing."""
    text = deps().people.person(ref).get(name, "")
    return text or (_("erased") if is_erased(ref) else "")


def erase(refs: list[str], key: str) -> dict[str, Any]:
    """Erase records for good: ``erased``, and how many were so ``already``."""
    sums = {"erased": 0, "already": 0}
    for n, at in enumerate(range(0, len(refs), MOST_REFS)):
        piece = {"refs": refs[at : at + MOST_REFS]}
        answer = deps().client.send("people.erase", piece, actor=auth.actor(), id=f"{key}-{n}").answer
        sums = {name: count + answer[name] for name, count in sums.items()}
    return sums


def erase_event(event: str, key: str) -> dict[str, Any]:
    """Erase all that is kept of an event that is over, a piece after the other under one key, so that the same key
    again goes on where an answer was lost."""
    erased, n = 0, 0
    while True:
        answer = deps().client.send("people.erase_event", {"event": event}, actor=auth.actor(), id=f"{key}-{n}").answer
        erased, n = erased + answer["erased"], n + 1
        if not answer["left"]:
            return {"event": event, "erased": erased}


def signed_up() -> int:
    """How many guests want to hear of the next events."""
    return len(guests.kept(deps().reader.db()))


def return_list(key: str) -> Made:
    """All of them sealed for the office; recorded before anybody gets it. Problem ``no-central``."""
    there = deps().config
    office = Verifier.parse(there.central.key) if there.central.key else None
    at = deps().clock().at
    made = returnlist.make(deps().reader, deps().people, office, cell=there.box.cell, box=deps().box, at=at)
    said = {"count": made.count, "digest": made.digest, "key": made.key}
    # Sealed anew each time, so each time is a list of its own.
    deps().client.send("guests.export", said, actor=auth.actor(), id=f"{key}-{made.digest[:16]}")
    return made


def kept() -> list[dict[str, Any]]:
    """Every event of which something is kept: ``event, name, state, records, until`` (RFC 3339; None: not by time)."""
    db, keep_days = deps().reader.db(), deps().config.privacy.keep_days
    found = []
    for one in persons.kept(db):
        event, due = events.get(db, one.event), one.due_ms(keep_days)
        found.append(
            {
                "event": one.event,
                "name": event.name if event else one.event,
                "state": one.state,
                "records": one.count,
                "until": None if due is None else rfc3339(due),
            }
        )
    return found


def search(text: str, most: int) -> list[dict[str, Any]]:
    """Records that hold every word of ``text``: ``ref, kind, at, event, data``."""
    db, found = deps().reader.db(), []
    for ref, data in deps().people.search(text):
        place = persons.place(db, ref)
        if place is not None and place.erased_at is None:
            found.append({"ref": ref, "kind": place.kind, "at": place.at, "event": place.event, "data": data})
        if len(found) == most:
            break
    return found


def terms() -> list[dict[str, Any]]:
    """Each event of which something is kept, in words: ``event, name, line, closed``."""
    clock = deps().clock()
    return [{**one, "closed": one["state"] == "closed", "line": _term(one, clock.trusted)} for one in kept()]


def _term(one: dict[str, Any], trusted: bool) -> str:
    if not deps().config.privacy.keep_days:
        return _("kept until somebody asks")
    if one["state"] != "closed":
        return _("kept for %(n)s days after the event", n=deps().config.privacy.keep_days)
    if one["until"] is None or not trusted:
        return _("nothing is erased by time while nobody has set the clock")
    return _("erased on %(day)s", day=_day(one["until"]))


def set_back() -> dict[str, str] | None:
    """When this box fell back to an earlier state (``at``), and of when that was (``until``); None once nobody is kept
    who may have been erased in between."""
    found = persons.brought_back(deps().reader.db())
    if found is None:
        return None
    time = here().wording.time(found.until, _zone())
    return {"at": _day(found.at), "until": f"{_day(found.until)}, {time}"}


def _day(at: str) -> str:
    return here().wording.day(at, _zone())


def _zone() -> str:
    event = events.current(deps().reader.db())
    return event.timezone if event else "UTC"
