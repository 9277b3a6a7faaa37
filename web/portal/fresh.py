"""Answers that a phone may keep, and asks about again: 304 as long as nothing has changed."""

import secrets
from collections.abc import Callable

from flask import Response, make_response, request


class Fresh:
    """ETags of one life of the app: a new version of the program answers anew."""

    def __init__(self) -> None:
        self._life = secrets.token_hex(4)
        self._last: tuple[str, str, str] = ("", "", "")

    def answer(self, state: str, make: Callable[[], Response | str]) -> Response:
        """304 when the phone has it in this ``state``, else what ``make`` makes."""
        tag = f"{self._life}-{state}"
        known = request.if_none_match.contains_weak(tag)
        response = Response(status=304) if known else make_response(make())
        response.set_etag(tag)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def once(self, page: str, state: str, make: Callable[[], str]) -> Response:
        """As ``answer`` for a page that is the same for everybody: made once for a state, whoever asks how often."""

        def kept() -> str:
            last = self._last
            if last[:2] != (page, state):
                last = self._last = (page, state, make())
            return last[2]

        return self.answer(state, kept)
