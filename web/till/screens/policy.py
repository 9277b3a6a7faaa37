"""The policy, for the lead: what is in force, what a new one would change, what became of the last ones."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from appliance.backup.contents import STICK
from appliance.domain.policy import Offered, Source, in_force, judge
from appliance.errors import DataError, Problem, invalid
from appliance.files import bundle
from appliance.files import policy as policyfile
from appliance.ids import new_id
from appliance.journal.notes import Verifier
from appliance.language import N_
from appliance.projections import events, policy
from appliance.projections.policy import Seen
from appliance.receipts.wording import sentence
from web.common.body import command_key
from web.common.language import _
from web.common.problems import takes
from web.till import auth, frame, policywords
from web.till.deps import deps, here
from web.till.policywords import Change

blueprint = Blueprint("policy", __name__)

_MOST_FILES = 20
_MOST_NAME = 80
_HISTORY = 12
_GONE = N_("The stick is not there any more.")


@dataclass(frozen=True)
class Found:
    """A bundle that may be applied: where it is from, and what it would change. ``note``: packed, of an upload;
    ``name``, ``digest``: of a file on the stick, which is read again."""

    source: Source
    version: int
    scope: str
    ends: str
    signer: str
    changes: list[Change]
    key: str
    note: str = ""
    name: str = ""
    digest: str = ""


@blueprint.get("/policy")
@auth.for_roles("lead")
def page() -> str:
    """Everything. ``seen``: the fact that says what became of a bundle; ``why``: of one that left none."""
    seen = request.args.get("seen", "")
    pos = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 15 else 0
    told = next((one for one in policy.history(deps().reader.db()) if one.pos == pos), None)
    return _render(told=told, why=request.args.get("why", ""))


@blueprint.get("/policy/now")
@auth.for_roles("lead")
def now() -> str:
    """The same again, but for what was uploaded."""
    return render_template("_policy_now.html", csrf=g.signed.csrf or "", **_now())


@blueprint.post("/policy/look")
@takes(2 * bundle.LONGEST)
@auth.for_roles("lead")
def look() -> Response:
    """What the file of this device would change. One that cannot be taken is handed in all the same: that it was
    refused, and why, is for the books."""
    key, file = command_key(request.form.get("key")), request.files.get("file")
    raw = file.stream.read(bundle.LONGEST + 1) if isinstance(file, FileStorage) and file.filename else None
    if raw is None:
        return make_response(_render(fault=_("Choose a file first.")), 422)
    offered = policyfile.offered(raw, _reader(), deps().clock())
    if (found := _usable(offered, "upload")) is None:
        return _hand_in(raw, "upload", key)
    packed = policyfile.asked(raw, "upload")["note"]
    if not packed:
        return _hand_in(raw, "upload", key)
    return make_response(_render(found=replace(found, note=packed)))


@blueprint.post("/policy/apply")
@takes(2 * bundle.LONGEST)
@auth.for_roles("lead")
def apply() -> Response:
    """What was looked at; the form carries its own key, so that a second press changes nothing."""
    form, key = request.form, command_key(request.form.get("key"))
    match form.get("source"):
        case "upload":
            return _hand_in(bundle.unpack(form.get("note", "")), "upload", key)
        case "stick":
            return _from_stick(form.get("name", ""), form.get("digest", ""), key)
        case other:
            raise invalid(f"source {str(other)[:40]!r}: wants upload or stick")


def _from_stick(name: str, digest: str, key: str) -> Response:
    """Read whole before anything is asked; what is cut off, its signature tells."""
    if name not in {path.name for path in _files()}:
        return make_response(_render(fault=_(_GONE)), 409)
    try:
        raw = bundle.read_file(deps().run / STICK / name)
    except DataError:
        return make_response(_render(fault=_(_GONE)), 409)
    offered = policyfile.offered(raw, _reader(), deps().clock())
    if offered.signer and offered.digest != digest:
        return make_response(_render(fault=_("The file on the stick is another one by now. Look at it again.")), 409)
    return _hand_in(raw, "stick", f"{key[:60]}-{hashlib.sha256(raw).hexdigest()[:16]}")


def _hand_in(raw: bytes, source: Source, key: str) -> Response:
    answer = deps().client.send("policy.apply", policyfile.asked(raw, source), actor=auth.actor(), id=key).answer
    if "pos" in answer:
        return make_response(redirect(url_for("policy.page", seen=answer["pos"])))
    why = "already" if answer["applied"] else answer["reason"]
    return make_response(redirect(url_for("policy.page", why=why)))


def _reader() -> bundle.Reader:
    config = deps().config
    key = Verifier.parse(config.central.key) if config.central.key else None
    return bundle.Reader(config.box.cell, deps().box, key)


def _usable(offered: Offered, source: Source) -> Found | None:
    """None: the box would not take it, or has it."""
    db = deps().reader.db()
    present, event = policy.in_force(db), events.current(db)
    said = offered.policy
    if said is None or in_force(offered, present) or judge(offered, present, event.currency if event else None):
        return None
    return Found(
        source=source,
        version=offered.version,
        scope=offered.scope,
        ends=here().wording.date(offered.expires, _zone()),
        signer=offered.signer,
        changes=policywords.differences(said),
        key=new_id("k") if source == "upload" else f"stick-{offered.digest[:16]}-{_newest()}",
        digest=offered.digest,
    )


def _newest() -> int:
    """The last fact about a policy: a part of the page that is drawn anew keeps its key until there is news."""
    return next((seen.pos for seen in policy.history(deps().reader.db(), 1)), 0)


def _files() -> Iterator[Path]:
    """Bundles on the stick, as far as it is there."""
    folder = deps().run / STICK
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".note"))
    except OSError:
        return
    for name in names[:_MOST_FILES]:
        if len(name) <= _MOST_NAME and name.isprintable():
            yield folder / name


@lru_cache(maxsize=2 * _MOST_FILES)
def _read(path: Path, changed: int, size: int, reader: bundle.Reader) -> Offered | None:
    """A page looks every few seconds; a file that stayed as it was is not read again."""
    try:
        return policyfile.offered(bundle.read_file(path), reader, deps().clock())
    except DataError:
        return None


def _on_stick() -> tuple[Found | None, list[tuple[str, str]]]:
    """The newest that may be applied, and of the others name and why not."""
    db = deps().reader.db()
    present, event = policy.in_force(db), events.current(db)
    usable: list[tuple[int, str, Offered]] = []
    others: list[tuple[str, str]] = []
    for path in _files():
        try:
            about = path.lstat()
        except OSError:
            continue
        offered = _read(path, about.st_mtime_ns, about.st_size, _reader())
        if offered is None:
            continue
        if in_force(offered, present):
            others.append((path.name, _("Policy %(n)s is in force already.", n=present.version)))
        elif (refusal := judge(offered, present, event.currency if event else None)) is not None:
            others.append((path.name, sentence(here().wording.retell(refusal.words))))
        else:
            usable.append((offered.version, path.name, offered))
    if not usable:
        return None, others
    _version, name, offered = max(usable, key=lambda one: one[:2])
    others += [(one[1], _("Policy %(n)s is there too.", n=one[0])) for one in usable if one[1] != name]
    found = _usable(offered, "stick")
    return (None if found is None else replace(found, name=name)), others


def _zone() -> str:
    event = events.current(deps().reader.db())
    return event.timezone if event else "UTC"


def _now() -> dict[str, Any]:
    db, words, zone = deps().reader.db(), here().wording, _zone()
    state = policy.status(db, deps().clock())
    stick, others = _on_stick()
    config = deps().config
    return {
        "policy": state,
        "since": policywords.since(state["since"], zone) if state else "",
        "until": words.date(state["expires"], zone) if state else "",
        "rows": policywords.rows(),
        "history": [policywords.past(seen, zone) for seen in policy.history(db, _HISTORY)],
        "stick": stick,
        "others": others,
        "central": bool(config.central.key),
        "uplink": bool(config.mqtt.broker),
        "mine": f"{config.box.cell}/{deps().box}",
    }


def _render(*, found: Found | None = None, told: Seen | None = None, why: str = "", fault: str = "") -> str:
    result = policywords.past(told, _zone()) if told is not None else None
    if why == "already":
        fault = ""
    elif why:
        if why not in policywords.REASONS:
            raise Problem("not-found", f"there is no reason {why[:40]!r}", "Go back.")
        fault = _(policywords.REASONS[why])
    return frame.render(
        "policy.html",
        tab="lead.page",
        found=found,
        result=result,
        already=why == "already",
        fault=fault,
        key=new_id("k"),
        **_now(),
    )
