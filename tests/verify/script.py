"""The page's script without the page: run by node, or by Chromium where there is no node."""

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from web.portal.pages.verify import source

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

NODE = shutil.which("node") or shutil.which("nodejs")

_CALL = """
const plain = (value) => value instanceof Uint8Array ? {$hex: hex(value)}
  : typeof value === "bigint" ? {$int: String(value)}
  : value instanceof Map ? {$map: [...value].map(([key, held]) => [plain(key), plain(held)])}
  : Array.isArray(value) ? value.map(plain)
  : value && typeof value === "object"
    ? Object.fromEntries(Object.entries(value).map(([key, held]) => [key, plain(held)])) : value;
const given = (value) => value && value.$hex !== undefined
  ? Uint8Array.from(value.$hex.match(/../g) || [], (pair) => parseInt(pair, 16))
  : Array.isArray(value) ? value.map(given)
  : value && typeof value === "object"
    ? Object.fromEntries(Object.entries(value).map(([key, held]) => [key, given(held)])) : value;
const FUNCTIONS = {sha256, sha512, verifies, cbor, readKey, fingerprint, leads, judge, told};
function call(name, args) {
  try { return {value: plain(FUNCTIONS[name](...args.map(given)))}; }
  catch (error) { return error instanceof Wrong ? {wrong: error.slug} : {fault: String(error.stack)}; }
}
"""
_LINES = """
require("readline").createInterface({input: process.stdin}).on("line", (line) => {
  const [name, args] = JSON.parse(line);
  process.stdout.write(JSON.stringify(call(name, args)) + "\\n");
});
"""


class WrongInScript(Exception):
    """The script threw Wrong; the text is its slug."""


class Script:
    """Calls the script's functions. Bytes go in and come out as bytes."""

    def __init__(self, browser: "Browser | None") -> None:
        """``browser``: for where there is no node."""
        self._node: subprocess.Popen[str] | None = None
        self._context: BrowserContext | None = None
        if browser is None:
            assert NODE is not None
            argv = [NODE, "-e", source() + _CALL + _LINES]
            self._node = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        else:
            self._context = browser.new_context()
            self._page = self._context.new_page()
            load = "(text) => { globalThis.call = new Function('document', text + '; return call')(undefined); }"
            self._page.evaluate(load, source() + _CALL)

    def __call__(self, name: str, *args: Any) -> Any:
        """What a function answers. Raises WrongInScript."""
        sent = [name, [_given(each) for each in args]]
        if self._node is not None:
            assert self._node.stdin is not None
            assert self._node.stdout is not None
            self._node.stdin.write(json.dumps(sent) + "\n")
            self._node.stdin.flush()
            answer = json.loads(self._node.stdout.readline())
        else:
            answer = self._page.evaluate("([name, args]) => call(name, args)", sent)
        assert "fault" not in answer, answer["fault"]
        if "wrong" in answer:
            raise WrongInScript(answer["wrong"])
        return _plain(answer.get("value"))

    def close(self) -> None:
        """End it."""
        if self._context is not None:
            self._context.close()
        if self._node is not None:
            assert self._node.stdin is not None
            assert self._node.stdout is not None
            self._node.stdin.close()
            self._node.wait(20)
            self._node.stdout.close()


def _given(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$hex": value.hex()}
    if isinstance(value, list):
        return [_given(each) for each in value]
    if isinstance(value, dict):
        return {key: _given(each) for key, each in value.items()}
    return value


def _plain(value: Any) -> Any:
    match value:
        case {"$hex": str(digits)}:
            return bytes.fromhex(digits)
        case {"$int": str(digits)}:
            return int(digits)
        case {"$map": list(pairs)}:
            return {_plain(key): _plain(held) for key, held in pairs}
        case list():
            return [_plain(each) for each in value]
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case _:
            return value
