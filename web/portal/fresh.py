"""Answers that a phone may keep, and asks about again: 304 as long as nothing has changed."""

import secrets
from collections.abc import Callable

from flask import Response, make_response, request

from web.common.language import wording


class Fresh:
    """ETags of one life of the app: a new version of the program answers anew."""

    def __init__(self) -> None:
        self._life = secrets.token_hex(4)
        self._last: dict[str, tuple[str, str, str]] = {}

    def answer(self, state: str, make: Callable[[], Response | str]) -> Response:
        """304 when the phone has it in this ``state``, else what ``make`` makes."""
        tag = f"{self._life}-{wording().language}-{state}"
        known = request.if_none_match.contains_weak(tag)
        response = Response(status=304) if known else make_response(make())
        response.set_etag(tag)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def once(self, page: str, state: str, make: Callable[[], str]) -> Response:
        """As ``answer`` for a page that is the same for everybody: made once for a state, in a language, whoever
        asks how often."""

        def kept() -> str:
            language = wording().language
            last = self._last.get(language)
            if last is None or last[:2] != (page, state):
                last = self._last[language] = (page, state, make())
            return last[2]

        return self.answer(state, kept)
