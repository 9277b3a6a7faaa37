"""Backups: when the last one was made, the passphrase that seals them, and one more onto the stick."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from appliance import board
from appliance.backup import passphrase as passphrases
from appliance.backup.contents import STICK, plugged_in
from appliance.backup.medium import no_stick
from appliance.backup.passphrase import LONGEST, SHORTEST, WeakPassphrase
from appliance.errors import Problem
from appliance.ids import new_id
from appliance.language import N_
from appliance.projections import backups, events
from appliance.projections.backups import Backup
from web.common.language import _, ngettext
from web.till import auth, frame
from web.till.deps import deps, here

blueprint = Blueprint("backup", __name__)

_STAGES = {
    "copying": N_("Copying the journal"),
    "checking": N_("Checking the copy"),
    "sealing": N_("Sealing what is private"),
    "writing": N_("Writing"),
    "reading": N_("Reading it back from the stick"),
}
_STRENGTH = {"fair": N_("It is fair: one more word would make it strong."), "strong": N_("It is strong.")}
_SLOW_S = 600
"""Seconds in which a backup that is being made says something, at the latest."""


@dataclass(frozen=True)
class Line:
    """A backup that counts, in words."""

    where: str
    at: str
    upto: str
    since: str
    size: str
    other_key: bool


@blueprint.get("/backup")
@auth.for_roles("lead")
def page() -> str:
    """Everything."""
    return _show(None)


@blueprint.get("/backup/now")
@auth.for_roles("lead")
def now() -> str:
    """The same again, without the passphrase's form."""
    return render_template("_backup_now.html", csrf=g.signed.csrf or "", **_now())


@blueprint.post("/backup/stick")
@auth.for_roles("lead")
def stick() -> Response:
    """Ask for a backup; asked twice, it is made once."""
    if not plugged_in(deps().run / STICK):
        raise no_stick()
    if not _key():
        raise Problem("no-passphrase", N_("No passphrase is set."), N_("Set one below, then back up."))
    deps().steward("backup.make", {"to": "stick"})
    return make_response(redirect(url_for("backup.page"), 303))


@blueprint.post("/backup/passphrase")
@auth.for_roles("lead")
def passphrase() -> Response:
    """The passphrase becomes a key here and goes no further: the recorder gets the public half."""
    typed = request.form.get("passphrase", "")
    fault = None
    if typed != request.form.get("again", ""):
        fault = Problem("validation", N_("The two are not the same."), N_("Type both again."))
    else:
        try:
            made = passphrases.new(typed)
        except WeakPassphrase as error:
            fault = Problem("validation", str(error), error.remedy)
        else:
            asked = {"key": made.text()}
            deps().client.send("backup.key", asked, actor=auth.actor(), id=new_id("k"))
            strength = passphrases.strength(typed)
            return make_response(redirect(url_for("backup.page", set=strength), 303))
    return make_response(_show(fault), 422)


def _show(fault: Problem | None) -> str:
    told = here().wording.retell
    return frame.render(
        "backup.html",
        tab="box.page",
        shortest=SHORTEST,
        longest=LONGEST,
        fault=(told(fault.detail), told(fault.remedy)) if fault else None,
        strength=_(_STRENGTH[said]) if (said := request.args.get("set", "")) in _STRENGTH and not fault else "",
        **_now(),
    )


def _key() -> str:
    """The fingerprint of the passphrase's key; empty: none is set."""
    answer = deps().client.send("backup.key", {"key": ""}, actor=auth.actor(), id=new_id("k")).answer
    return str(answer["key"])


def _now() -> dict[str, Any]:
    db = deps().reader.db()
    event, key = events.current(db), _key()
    zone = event.timezone if event else "UTC"
    made = [_line(one, zone, key) for one in backups.newest(db)]
    work = board.read(deps().run, "backup") or {}
    busy = bool(work.get("busy")) and board.age_s(work, deps().clock().mono) <= _SLOW_S
    told = here().wording.retell
    return {
        "made": made,
        "key": key,
        "event_open": event is not None and event.state == "open",
        "plugged": plugged_in(deps().run / STICK),
        "busy": _(_STAGES.get(str(work.get("stage")), _STAGES["copying"])) if busy else "",
        "percent": min(100, work["percent"]) if busy and type(work.get("percent")) is int else 0,
        "failed": (told(str(work.get("reason"))), told(str(work.get("remedy", ""))))
        if work.get("reason") and not busy
        else None,
        "on_stick": str(work.get("name", "")) if work.get("name") and not work.get("reason") and not busy else "",
        "central": bool(deps().config.central.key and deps().config.mqtt.broker),
    }


def _line(made: Backup, zone: str, key: str) -> Line:
    words = here().wording
    since = ngettext("%(num)s fact since", "%(num)s facts since", made.since)
    return Line(
        where=_("At central, without the journal") if made.kind == "uplink" else _("In a file"),
        at=words.moment(made.at, zone, deps().clock().at),
        upto=_("up to fact %(n)s", n=words.number(made.upto)),
        since=since if made.since else _("nothing since"),
        size=_("%(n)s kB", n=words.number(-(-made.bytes // 1000))),
        other_key=bool(key) and made.key != key,
    )
