"""Checking a receipt without the box: one page that is the same for everybody and needs nothing but itself, so that a
saved copy, opened from a file, is the same bytes and works as well."""

import gzip
import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from appliance.receipts.findings import WORDS
from web.common.assets import COMMON
from web.packs.style import hashed
from web.portal.deps import here

blueprint = Blueprint("verify", __name__)

_FOLDER = Path(__file__).parents[1]
_PARTS = _FOLDER / "templates" / "verify"
_STYLES = (COMMON / "boothkit.css", _FOLDER / "static" / "portal.css", _PARTS / "verify.css")
_SCRIPTS = tuple(_PARTS / f"{name}.js" for name in ("sha2", "ed25519", "formats", "judge", "page"))


@blueprint.get("/verify")
def page() -> Response:
    """The page that checks a receipt in the browser, whole in one file: kept, it works without any net."""
    policy, plain, packed = _made()
    takes = request.accept_encodings["gzip"] > 0

    def make() -> Response:
        return Response(packed if takes else plain, headers={"Content-Encoding": "gzip"} if takes else {})

    response = here().fresh.answer("verify-z" if takes else "verify-p", make)
    response.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
    response.vary.add("Accept-Encoding")
    return response


def source() -> str:
    """The page's script: the words of the findings, then the files in their order. Without a document it only defines
    its functions."""
    words = json.dumps(WORDS, ensure_ascii=False, separators=(",", ":"))
    return f'"use strict";\nconst WORDS = {words};\n' + "\n".join(path.read_text(encoding="utf-8") for path in _SCRIPTS)


@cache
def _made() -> tuple[str, bytes, bytes]:
    """What the browser may do with it (no address at all may be asked), the page, the page compressed."""
    style = "".join(path.read_text(encoding="utf-8") for path in _STYLES)
    script = source()
    policy = (
        f"default-src 'none'; script-src '{hashed(script)}'; style-src '{hashed(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    # Our own files, told by their hashes; markup in them would end the element that they are in.
    parts = {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}  # noqa: S704
    plain = render_template("verify.html", **parts).encode()
    return policy, plain, gzip.compress(plain, 9, mtime=0)
