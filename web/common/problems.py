"""The one boundary where errors become answers: RFC 9457 for scripts, a page for people."""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from appliance.errors import Problem, RecorderDown
from appliance.log import Log, Seldom
from web.common.health import Health

PROBLEMS: dict[str, tuple[int, str]] = {
    "validation": (422, "The request is not well-formed"),
    "unknown-sku": (422, "This item is not in the catalogue"),
    "underpaid": (422, "Too little was tendered"),
    "overpaid": (422, "Too much was tendered"),
    "event-closed": (409, "The event is not open"),
    "event-open": (409, "The event is open already"),
    "drawer-closed": (409, "No drawer is open"),
    "drawer-open": (409, "A drawer is open already"),
    "drawer-unclear": (409, "Several drawers are open"),
    "drawer-uncounted": (409, "The drawer has to be counted first"),
    "drawer-variance": (409, "The count is not what is expected"),
    "drawers-open": (409, "Drawers are open"),
    "receipt-waiting": (409, "The receipt still waits for its printer"),
    "too-many-copies": (409, "There are enough copies"),
    "ticket-list": (409, "The check-in list does not take this ticket"),
    "ticket-void": (409, "This ticket was taken back"),
    "ticket-waiting": (409, "The ticket still waits for its printer"),
    "kit-open": (409, "Not every step of the kit check is done"),
    "kit-over": (409, "This kit check is finished"),
    "kit-no-slip": (409, "The test slip is not on paper for certain"),
    "too-many-devices": (409, "There are enough devices"),
    "age-check": (409, "An ID has to be seen first"),
    "sold-out": (409, "There is not enough left"),
    "key-reused": (409, "This key was used for something else"),
    "too-late": (409, "It is too late for that"),
    "too-much-back": (409, "More than was paid would go back"),
    "nothing-back": (409, "There is nothing to give back"),
    "other-currency": (409, "It was paid in another currency"),
    "ticket-entered": (409, "Somebody was let in with this ticket"),
    "quote-used": (409, "This price was used already"),
    "quote-expired": (409, "This price is no longer held"),
    "offer-paused": (409, "The offer is paused"),
    "offer-closed": (409, "The offer has ended"),
    "key-missing": (400, "An Idempotency-Key is needed"),
    "signed-out": (401, "Sign in first"),
    "wrong-pin": (401, "Wrong PIN"),
    "csrf": (403, "This write did not come from our own page"),
    "guardrail": (403, "The policy does not allow this"),
    "role": (403, "Somebody else has to do this"),
    "not-found": (404, "There is nothing here"),
    "too-large": (413, "The request is too large"),
    "throttled": (429, "Wait before the next try"),
    "busy": (503, "The box is busy"),
    "disk-full": (507, "The card is full"),
    "internal": (500, "The box made a mistake"),
}
"""Every problem that an answer may name: its status and its title."""

MAX_BODY = 128 * 1024
"""Bytes of a request's body: what one frame to the recorder may hold."""

View = TypeVar("View", bound=Callable[..., Any])


def takes(most: int) -> Callable[[View], View]:
    """A request to this view may have so many bytes, in place of ``MAX_BODY``."""

    def say(view: View) -> View:
        vars(view)["most_body"] = most
        return view

    return say


@dataclass(frozen=True)
class Fault:
    """An answer that is not what was asked for. ``slug`` is None for what HTTP's own status says in full."""

    status: int
    slug: str | None
    title: str
    detail: str
    remedy: str
    extra: dict[str, object]

    def response(self) -> Response:
        """As ``application/problem+json``."""
        type_ = "about:blank" if self.slug is None else f"/problems/{self.slug}"
        body = {
            **self.extra,
            "type": type_,
            "status": self.status,
            "title": self.title,
            "detail": self.detail,
            "remedy": self.remedy,
        }
        return Response(json.dumps(body), self.status, content_type="application/problem+json")


def fault_of(problem: Problem) -> Fault:
    """A refusal with its status and title; one that is not in the table is a decision's, thus a conflict."""
    status, title = PROBLEMS.get(problem.slug, (409, "The box refused this"))
    return Fault(status, problem.slug, title, problem.detail, problem.remedy, problem.extra)


def answer_problems(app: Flask, log: Log, is_api: Callable[[], bool], page: Callable[[Fault], Response]) -> None:
    """Catch everything that a view raises. ``page`` shows a fault to a person, where ``is_api`` says no.

    Also answers ``/health``, see `Health`.
    """
    health = Health()
    app.add_url_rule("/health", "health", health.view)
    recorder_down = Seldom(log, "recorder.down")

    def say(fault: Fault) -> Response:
        response = fault.response() if is_api() else page(fault)
        if (seconds := fault.extra.get("retry_after")) is not None:
            response.headers["Retry-After"] = str(seconds)
        if fault.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    @app.errorhandler(Problem)
    def refused(problem: Problem) -> Response:
        return say(fault_of(problem))

    @app.errorhandler(RecorderDown)
    def down(error: RecorderDown) -> Response:
        recorder_down.warning(why=str(error))
        detail = "The recorder does not answer; nothing was recorded by this attempt."
        return say(fault_of(Problem("busy", detail, error.remedy, retry_after=1)))

    @app.errorhandler(HTTPException)
    def standard(error: HTTPException) -> Response:
        if error.code == 404:
            return say(fault_of(Problem("not-found", f"There is no {request.path[:80]} here.", "Go back.")))
        if error.code == 413:
            return say(fault_of(_too_large(request.max_content_length or MAX_BODY)))
        fault = Fault(error.code or 500, None, error.name, error.description or "", "", {})
        response = say(fault)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        trace = " < ".join(
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
            for frame in reversed(traceback.extract_tb(error.__traceback__))
        )
        log.error("request.failed", rule=str(request.url_rule), error=type(error).__name__, trace=trace)
        health.note(error)
        detail = "This could not be answered; the log of the box says why."
        return say(fault_of(Problem("internal", detail, "Try again; if it stays, tell the lead.")))

    @app.before_request
    def bound() -> None:
        most: int = getattr(app.view_functions.get(request.endpoint or ""), "most_body", MAX_BODY)
        if (request.content_length or 0) > most:
            raise _too_large(most)
        request.max_content_length = most


def _too_large(most: int) -> Problem:
    return Problem("too-large", f"a request has at most {most} bytes", "Send less at once.")
