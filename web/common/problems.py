"""The one boundary where errors become answers: RFC 9457 for scripts, a page for people."""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from appliance.errors import Problem, RecorderDown
from appliance.language import N_
from appliance.log import Log, Seldom
from web.common.health import Health
from web.common.language import wording

PROBLEMS: dict[str, tuple[int, str]] = {
    "validation": (422, N_("The request is not well-formed")),
    "unknown-sku": (422, N_("This item is not in the catalogue")),
    "underpaid": (422, N_("Too little was tendered")),
    "overpaid": (422, N_("Too much was tendered")),
    "event-closed": (409, N_("The event is not open")),
    "event-open": (409, N_("The event is open already")),
    "drawer-closed": (409, N_("No drawer is open")),
    "drawer-open": (409, N_("A drawer is open already")),
    "drawer-unclear": (409, N_("Several drawers are open")),
    "drawer-uncounted": (409, N_("The drawer has to be counted first")),
    "drawer-training": (409, N_("Training and real money do not mix")),
    "drawer-variance": (409, N_("The count is not what is expected")),
    "event-unfinished": (409, N_("Something is unfinished")),
    "cart-taken": (409, N_("This cart waits no more")),
    "cart-name": (409, N_("A cart of this name waits already")),
    "too-many-carts": (409, N_("There are enough parked carts")),
    "card-unknown": (409, N_("The outcome of a card payment is not known")),
    "card-declined": (409, N_("The card was declined")),
    "card-settled": (409, N_("The outcome of this payment is known")),
    "receipt-waiting": (409, N_("The receipt still waits for its printer")),
    "too-many-copies": (409, N_("There are enough copies")),
    "ticket-list": (409, N_("The check-in list does not take this ticket")),
    "ticket-void": (409, N_("This ticket was taken back")),
    "ticket-waiting": (409, N_("The ticket still waits for its printer")),
    "kit-open": (409, N_("Not every step of the kit check is done")),
    "kit-over": (409, N_("This kit check is finished")),
    "kit-no-slip": (409, N_("The test slip is not on paper for certain")),
    "too-many-devices": (409, N_("There are enough devices")),
    "backup-failed": (409, N_("No backup was made")),
    "no-central": (409, N_("This box knows no central")),
    "no-passphrase": (409, N_("A passphrase has to be set first")),
    "clock-jump": (409, N_("This sets the clock by more than a day")),
    "clock-before": (409, N_("Something was recorded after that time")),
    "not-privileged": (403, N_("This machine does not let the till do that")),
    "no-air": (409, N_("This box makes no Wi-Fi for guests")),
    "not-on-air": (409, N_("This device is not on the guests’ Wi-Fi")),
    "no-camera": (409, N_("This counter has no camera")),
    "view-unsuitable": (409, N_("The camera’s view cannot be counted")),
    "age-check": (409, N_("An ID has to be seen first")),
    "sold-out": (409, N_("There is not enough left")),
    "key-reused": (409, N_("This key was used for something else")),
    "too-late": (409, N_("It is too late for that")),
    "too-much-back": (409, N_("More than was paid would go back")),
    "nothing-back": (409, N_("There is nothing to give back")),
    "other-currency": (409, N_("It was paid in another currency")),
    "ticket-entered": (409, N_("Somebody was let in with this ticket")),
    "token-used": (409, N_("This token was used already")),
    "token-refused": (422, N_("This token does not pay for it")),
    "voucher-used": (409, N_("This voucher was used already")),
    "voucher-refused": (422, N_("This voucher does not pay for it")),
    "quote-used": (409, N_("This price was used already")),
    "quote-expired": (409, N_("This price is no longer held")),
    "offer-paused": (409, N_("The offer is paused")),
    "offer-closed": (409, N_("The offer has ended")),
    "key-missing": (400, N_("An Idempotency-Key is needed")),
    "signed-out": (401, N_("Sign in first")),
    "claim-code": (403, N_("This claim code opens nothing")),
    "consent": (409, N_("These are not the words that were agreed to")),
    "wrong-pin": (401, N_("Wrong PIN")),
    "approval": (403, N_("This approval is not valid")),
    "unpaired": (403, N_("This device is not paired")),
    "wrong-code": (403, N_("Wrong pairing code")),
    "csrf": (403, N_("This write did not come from our own page")),
    "guardrail": (403, N_("The policy does not allow this")),
    "role": (403, N_("Somebody else has to do this")),
    "not-found": (404, N_("There is nothing here")),
    "too-large": (413, N_("The request is too large")),
    "throttled": (429, N_("Wait before the next try")),
    "busy": (503, N_("The box is busy")),
    "disk-full": (507, N_("The card is full")),
    "internal": (500, N_("The box made a mistake")),
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
    """A refusal with its status and title, in the language of who asks; one that is not in the table is a decision's,
    thus a conflict."""
    status, title = PROBLEMS.get(problem.slug, (409, N_("The box refused this")))
    tell = wording().retell
    return Fault(status, problem.slug, tell(title), tell(problem.detail), tell(problem.remedy), problem.extra)


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
