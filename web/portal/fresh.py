"""Answers that a phone may keep, and asks about again: 304 as long as nothing has changed."""

import secrets
from collections.abc import Callable

from flask import Response, make_response, request

from web.common.language import wording


class Fresh:
    """ETags of one life of the app: a new version of the program answers anew."""

    def __init__(self) -> None:
        self._life = secrets.token_hex(4)

    def answer(self, state: str, make: Callable[[], Response | str]) -> Response:
        """304 when the phone has it in this ``state``, else what ``make`` makes."""
        tag = f"{self._life}-{wording().language}-{state}"
        known = request.if_none_match.contains_weak(tag)
        response = Response(status=304) if known else make_response(make())
        response.set_etag(tag)
        response.headers["Cache-Control"] = "no-cache"
        return response
