"""One module a page, each with its ``blueprint``; nothing here decides, writes or knows who asks."""

from flask import request


def wants_json() -> bool:
    """A script that says so; a browser, or who says nothing, is a person."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
