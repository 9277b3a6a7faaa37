"""A recorder and a portal in processes of their own, and guests at them."""

import json
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from tests.conftest import ITEMS, Process
from tests.portal.stall import Answer, ask

TOML = '[portal]\nhost = "127.0.0.1"\nport = 0\n'
MIKA = {"name": "Mika Quillfeather", "email": "mika.quillfeather@example.org"}


class Fair:
    """The box."""

    def __init__(self, recorder: Process, portal: Process) -> None:
        self.recorder, self.portal = recorder, portal
        self._admin = RecorderClient(portal.run, "admin")
        self.guests = RecorderClient(portal.run, "guest")
        self._reader = Reader(recorder.data)
        self._count = 0

    @property
    def data(self) -> Path:
        """DATA."""
        return self.recorder.data

    @property
    def url(self) -> str:
        """Of the portal, which has another port after each start."""
        url: str = json.loads((self.portal.run / "board" / "portal" / "page.json").read_text())["url"]
        return url

    def do(self, command: str, **data: Any) -> dict[str, Any]:
        """As the crew's own program."""
        self._count += 1
        return self._admin.send(command, data, actor="admin:test", id=f"do-{self._count}").answer

    def open_event(self) -> None:
        """With items and a drawer."""
        self.do("event.create", name="Abendmarkt", currency="EUR", timezone="Europe/Berlin", area_m2="12")
        self.do("catalogue.import", items=ITEMS)
        self.do("event.open")
        self.do("drawer.open", float=0)

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """The data of all facts of a kind."""
        rows = self._reader.db().execute("SELECT body FROM fact ORDER BY pos")
        found = [json.loads(body) for (body,) in rows]
        return [body["data"] for body in found if body["kind"] == kind]

    def sign_up(self, key: str = "", **other: Any) -> Answer:
        """As a script."""
        headers = {"Content_Type": "application/json", **({"Idempotency_Key": key} if key else {})}
        body = json.dumps({**MIKA, "consent": True, **other}).encode()
        return ask(self.url, "/api/v1/signup", "POST", body, **headers)

    def close(self) -> None:
        """What the tests opened; the processes end with the test."""
        self._admin.close()
        self.guests.close()
        self._reader.close()


@dataclass
class Phone:
    """A browser: it keeps cookies and sends forms."""

    fair: Fair
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        """A page."""
        return self._ask("GET", path, None, headers)

    def press(self, path: str, **fields: str) -> Answer:
        """A form."""
        headers = {"Content_Type": "application/x-www-form-urlencoded", "Origin": self.fair.url}
        return self._ask("POST", path, urlencode(fields).encode(), headers)

    def sign_up(self, **fields: str) -> Answer:
        """Open the form, fill it in, press."""
        hidden = fields_of(self.get("/signup").text)
        return self.press("/signup", **{**hidden, **MIKA, "consent": "yes", **fields})

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**headers, **({"Cookie": cookie} if cookie else {})}
        answer = ask(self.fair.url, path, method, body, **sent)
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies.pop(name, None)
                if morsel.value:
                    self.cookies[name] = morsel.value
        return answer


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return dict(re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">', page))


def code_of(page: str) -> str:
    """The claim code that a page shows."""
    found = re.search(r'<p class="claim mono">([0-9A-Z]{5}-[0-9A-Z]{5})</p>', page)
    assert found, page
    return found[1]
