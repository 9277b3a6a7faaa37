"""What people do: at the bench and at the till, over HTTP."""

import http.client
import json
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from appliance import board

_TIMEOUT_S = 4.0  # of the ten that a worker may be silent


class Hands:
    """The bench and the till over HTTP. Where a worker is away for a moment, the answer is False or None: again."""

    def __init__(self, run: Path, pin: str) -> None:
        self._run = run
        self._pin = pin
        self._signed: dict[str, str] = {}

    def bench(self, path: str, body: dict[str, Any]) -> bool:
        """Move something; whether it was moved."""
        answer = self._post("bench", f"/bench/{path}", body, {})
        return answer is not None and answer[0] == 202

    def till(self, path: str, body: dict[str, Any], key: str) -> str | None:
        """One write; "" when it was carried out, else the slug of the refusal. None = ask again with this key."""
        if not self._signed and not self._sign_in():
            return None
        answer = self._post("till", f"/api/v1/{path}", body, {**self._signed, "Idempotency-Key": key})
        if answer is None or answer[0] in (401, 429) or answer[0] >= 500:
            self._signed = {}
            return None
        status, problem, _ = answer
        return "" if status < 300 else str(problem.get("type", "")).rpartition("/")[2] or f"status {status}"

    def _sign_in(self) -> bool:
        answer = self._post("till", "/api/v1/login", {"pin": self._pin}, {})
        if answer is None or answer[0] != 200:
            return False
        cookies = SimpleCookie()
        for value in answer[2].get_all("Set-Cookie", []):
            cookies.load(value)
        sent = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        self._signed = {"Cookie": sent, "X-CSRF-Token": answer[1]["csrf"]}
        return True

    def _post(
        self, worker: str, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> tuple[int, dict[str, Any], http.client.HTTPMessage] | None:
        url = board.read_all(self._run).get(worker, {}).get("url")
        if url is None:
            return None
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/json", "Origin": url, **headers}
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}"), response.headers
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
