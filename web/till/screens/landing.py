"""The guests' page, for the lead: what guests see, and whether the signal team has cleared it."""

from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for

from appliance.domain.landing import Content, Language
from appliance.errors import Problem
from appliance.language import NAMES
from appliance.projections import events
from appliance.projections.policy import Cleared
from appliance.receipts.wording import Wording
from web.packs import export
from web.packs import page as packs
from web.packs.live import live
from web.till import auth, frame, landingwords
from web.till.deps import deps, here

blueprint = Blueprint("landing", __name__)


@dataclass(frozen=True)
class Chosen:
    """A language of the page, to be looked at. ``weight``: kilobytes without pictures."""

    language: str
    name: str
    present: bool
    weight: str


@blueprint.get("/landing")
@auth.for_roles("lead")
def page() -> str:
    """Its state, and the page itself in one of its languages, in a frame where nothing runs."""
    shown = here().site.now()
    content = shown.content
    asked = request.args.get("language", "")
    language = next((one for one in content.languages if one == asked), content.languages[0])
    cleared = landingwords.cleared(content)
    return frame.render(
        "landing.html",
        tab="lead.page",
        content=content,
        fault=shown.fault,
        cleared=cleared,
        until=_until(cleared),
        languages=[_chosen(content, one, one == language, cleared) for one in content.languages],
        address=url_for("landing.framed", language=language),
        title=content.title.get(language, ""),
        pictures=here().wording.number(len({one.file for one in content.pictures()})),
        names=", ".join(NAMES[one] for one in content.languages),
    )


@blueprint.get("/landing/page/<language>")
@auth.for_roles("lead")
def framed(language: str) -> Response:
    """What guests see, without what only their own phone can do."""
    content = here().site.now().content
    spoken = next((one for one in content.languages if one == language), None)
    if spoken is None:
        raise Problem("not-found", f"the page is not there in {language[:8]}", "Go back.")
    shown = packs.Page(
        content=content,
        language=spoken,
        live=live(deps().reader, Wording(spoken)),
        cleared=landingwords.cleared(content),
        picture=lambda file: url_for("landing.picture", name=file.removesuffix(".webp")),
        switches=packs.switches(content, spoken, lambda one: url_for("landing.framed", language=one)),
    )
    rules = export.policy(content)
    response = Response(packs.alone(shown, policy=rules, favicon=""))
    # Its pictures come from here, with the lead's cookie: hence the origin; no script, no form, no other window.
    response.headers["Content-Security-Policy"] = f"{rules}; frame-ancestors 'self'; sandbox allow-same-origin"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/landing/pictures/<name>.webp")
@auth.for_roles("lead")
def picture(name: str) -> Response:
    """A picture of the page."""
    content = here().site.picture(f"{name}.webp")
    if content is None:
        raise Problem("not-found", "there is no such picture", "Load the page again.")
    return Response(content, content_type="image/webp")


def _until(cleared: Cleared | None) -> str:
    if cleared is None or cleared.until is None:
        return ""
    event = events.current(deps().reader.db())
    return here().wording.date(cleared.until, event.timezone if event else "UTC")


def _chosen(content: Content, language: Language, present: bool, cleared: Cleared | None) -> Chosen:
    weight = len(export.html(content, language, cleared, ""))
    return Chosen(language, NAMES[language], present, here().wording.number(round(weight / 1000)))
