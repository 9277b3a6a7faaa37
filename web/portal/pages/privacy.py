"""What is stored about a guest: as long as nobody can sign up, the same for everybody."""

from flask import Blueprint, Response, render_template

from web.portal.deps import here

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
def page() -> Response:
    """What is stored, and what is not."""
    keep_days = here().deps.config.privacy.keep_days
    return here().fresh.answer("privacy", lambda: render_template("privacy.html", keep_days=keep_days))
