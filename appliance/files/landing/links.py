"""Links to a static site that end by themselves: the tokens that a server or a CDN checks before it answers.

``nginx``: the secure_link module, with ``secure_link $arg_md5,$arg_expires`` and
``secure_link_md5 "$secure_link_expires$uri SECRET"``: MD5, base64url
(https://nginx.org/en/docs/http/ngx_http_secure_link_module.html). For one file.

``bunny``: Bunny.net's advanced token authentication: HMAC-SHA256 over path, expiry and parameters, base64url behind
``HS256-`` (https://docs.bunny.net/cdn/security/token-authentication/advanced). For one file, or for a folder and all
that is in it, when the path ends in a slash.
"""

import hashlib
import hmac
import os
import re
import stat
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Literal, assert_never
from urllib.parse import quote, urlsplit

from appliance.errors import DataError

Scheme = Literal["nginx", "bunny"]
_PATH = re.compile(r"([A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*")
_SECRET = re.compile(r"[!-~]{16,256}")


def read_secret(path: Path) -> str:
    """What is shared with the server, of a file that its owner alone may read. DataError, which never says it."""
    try:
        with path.open("rb") as file:
            mode, raw = os.fstat(file.fileno()).st_mode, file.read(1024)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}", remedy="See [landing] secret_file.") from error
    if stat.S_IMODE(mode) & 0o077:
        raise DataError(f"{path}: others may read it", remedy=f"chmod 600 {path}")
    secret = raw.decode("ascii", errors="replace").strip()
    if not _SECRET.fullmatch(secret):
        raise DataError(f"{path}: wants one line of 16 to 256 characters without spaces", remedy="Write it anew.")
    return secret


def signed(scheme: Scheme, site: str, path: str, expires: int, secret: str) -> str:
    """The link to ``path`` of a site, good until ``expires`` (Unix seconds). DataError."""
    if not _PATH.fullmatch(path) or ".." in path.split("/"):
        raise DataError(
            f"path {path[:80]!r}: wants a file or folder of the site, such as en/", remedy="Name another one."
        )
    parts = urlsplit(site if site.endswith("/") else f"{site}/")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise DataError(f"site {site[:80]!r}: wants http://HOST/… or https://HOST/…", remedy="See [landing] url.")
    host, whole = f"{parts.scheme}://{parts.netloc}", parts.path + path
    match scheme:
        case "nginx":
            file = whole + "index.html" if whole.endswith("/") else whole
            digest = hashlib.md5(f"{expires}{file} {secret}".encode(), usedforsecurity=False).digest()
            return f"{host}{file}?md5={_text(digest)}&expires={expires}"
        case "bunny" if whole.endswith("/"):
            token = _bunny(f"{whole}{expires}token_path={whole}", secret)
            return f"{host}/bcdn_token={token}&token_path={quote(whole, safe='')}&expires={expires}{whole}"
        case "bunny":
            return f"{host}{whole}?token={_bunny(f'{whole}{expires}', secret)}&expires={expires}"
        case _:
            assert_never(scheme)


def _bunny(message: str, secret: str) -> str:
    return "HS256-" + _text(hmac.digest(secret.encode(), message.encode(), "sha256"))


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
