"""The bar alone, as every screen asks for it again."""

from flask import Blueprint, render_template

from web.till import frame

blueprint = Blueprint("bar", __name__)


@blueprint.get("/bar")
def part() -> str:
    """The tags."""
    return render_template("_bar.html", tags=frame.tags())
