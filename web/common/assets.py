"""Style, icons and scripts: read once, compressed once, under an address that changes with their content."""

import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path

from flask import Blueprint, Response, abort, request

COMMON = Path(__file__).parent / "static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
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
        digest = hashlib.sha256()
        for name, data in sorted(self._plain.items()):
            digest.update(b"%s %d\n" % (name.encode(), len(data)) + data)
        self._version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file; KeyError when there is none of that name."""
        self._plain[name]
        return f"/static/{self._version}/{name}"

    def blueprint(self) -> Blueprint:
        """Serves them, for ever under the present hash; a page from before an update gets what is there."""
        assets = Blueprint("assets", __name__)

        @assets.get("/static/<version>/<name>")
        def file(version: str, name: str) -> Response:
            if name not in self._plain:
                abort(404)
            packed = request.accept_encodings["gzip"] > 0
            response = Response(
                self._packed[name] if packed else self._plain[name], content_type=_TYPES[Path(name).suffix]
            )
            if packed:
                response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
            response.headers["Cache-Control"] = _FOR_EVER if version == self._version else "no-cache"
            response.set_etag(f"{self._version}-{'z' if packed else 'p'}")
            response.make_conditional(request)
            return response

        return assets
