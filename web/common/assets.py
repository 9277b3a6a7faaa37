"""Style, icons and scripts: read once, compressed once, under an address that changes with their content.

``words.de.js`` stands in for ``words.js`` in the addresses of German pages, so that a script asks for its words and
gets those of the page.
"""

import gzip
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from flask import Blueprint, Response, abort, request

from appliance.language import LANGUAGES
from web.common.language import wording

COMMON = Path(__file__).parent / "static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
_IMPORT = re.compile(rb"""^(?:import|export)\b[^"']*["']\./([a-z-]+\.js)["']""", re.MULTILINE)
_FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """The files of ``folders``, by name. One hash over all of them stands in every address, so that a script
    can name its neighbour relatively."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """ValueError: a kind of file that has no place here, or one name in two folders."""
        self._plain: dict[str, bytes] = {}
        for folder in folders:
            for path in sorted(folder.iterdir()):
                if path.suffix not in _TYPES or path.name in self._plain:
                    raise ValueError(f"{path}: wants {', '.join(_TYPES)}, each name once")
                self._plain[path.name] = path.read_bytes()
        self._packed = {name: gzip.compress(data, 9, mtime=0) for name, data in self._plain.items()}
        self._imports = {
            name: {found.decode() for found in _IMPORT.findall(data)} for name, data in self._plain.items()
        }
        digest = hashlib.sha256()
        for name, data in sorted(self._plain.items()):
            digest.update(b"%s %d\n" % (name.encode(), len(data)) + data)
        self._version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file for who asks now; KeyError when there is none of that name."""
        self._plain[name]
        language = wording().language
        version = self._version if language == LANGUAGES[0] else f"{self._version}.{language}"
        return f"/static/{version}/{name}"

    def imports(self, url: str) -> list[str]:
        """The addresses of all that a script needs, itself left out: a page that names them has them in one round
        trip, where a browser would find them one import after the other."""
        first = url.rpartition("/")[2]
        needs, found = [first], {first}
        for name in needs:
            fresh = self._imports[name] - found
            needs += sorted(fresh)
            found.update(fresh)
        return [self.url(name) for name in needs[1:]]

    def blueprint(self) -> Blueprint:
        """Serves them, for ever under the present hash; a page from before an update gets what is there."""
        assets = Blueprint("assets", __name__)

        @assets.get("/static/<version>/<name>")
        def file(version: str, name: str) -> Response:
            known, _, language = version.partition(".")
            stem, _, suffix = name.rpartition(".")
            if (told := f"{stem}.{language}.{suffix}") in self._plain:
                name = told
            if name not in self._plain:
                abort(404)
            packed = request.accept_encodings["gzip"] > 0
            response = Response(
                self._packed[name] if packed else self._plain[name], content_type=_TYPES[Path(name).suffix]
            )
            if packed:
                response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
            response.headers["Cache-Control"] = _FOR_EVER if known == self._version else "no-cache"
            response.set_etag(f"{self._version}-{'z' if packed else 'p'}")
            response.make_conditional(request)
            return response

        return assets
