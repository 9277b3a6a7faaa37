"""What hostile phones do, in a process of its own so that it takes nothing from who measures.

    python -m tests.hostile.attackers KIND HOST PORT

Says a line once it is under way, goes on until its input ends (`sign-ups`: until all are sent), then says a line of
JSON: how often what happened.
"""

import http.client
import json
import os
import selectors
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle

from appliance.domain.guests import show_code

SOURCE = "127.0.0.66"
"""The phone's address; everybody else here has another."""
IDLE, HELD, SLOW, READERS = 500, 1500, 300, 100
SIGN_UPS, AT_ONCE = 10_000, 4
_PIECE = 65536
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Place = tuple[str, int]
Tally = Counter[str]
enough, under_way = threading.Event(), threading.Event()


def dial(place: Place, timeout: float = 10) -> socket.socket:
    """A connection from the phone."""
    return socket.create_connection(place, timeout, (SOURCE, 0))


def hold(place: Place, count: int, tally: Tally) -> None:
    """So many connections that say nothing; another for each that is closed, 200 a second: more than the firewall of a
    box lets through from one phone."""
    held: list[socket.socket] = []
    look = selectors.DefaultSelector()
    while not enough.is_set():
        while len(held) < count and not enough.is_set():
            try:
                link = dial(place)
            except OSError as error:
                tally[type(error).__name__] += 1
                enough.wait(0.01)
                break
            held.append(link)
            look.register(link, selectors.EVENT_READ)
            tally["opened"] += 1
            if tally["opened"] >= count:
                on()
                enough.wait(0.005)
        for key, _ in look.select(0.05):
            link = key.fileobj  # type: ignore[assignment]
            look.unregister(link)
            held.remove(link)
            link.close()
            tally["closed"] += 1
    for link in held:
        link.close()


def slowloris(place: Place, tally: Tally) -> None:
    """Requests of which a byte comes now and then."""
    links = [dial(place) for _ in range(SLOW)]
    for link in links:
        link.sendall(b"GET / HTTP/1.1\r\nHost: box\r\nX-Slow: ")
    on()
    for link in cycle(range(SLOW)):
        if enough.is_set():
            break
        try:
            links[link].send(b"a")
        except OSError:
            tally["closed"] += 1
            links[link].close()
            links[link] = dial(place)
        time.sleep(0.001)
    for one in links:
        one.close()


def slow_readers(place: Place, tally: Tally, together: int) -> None:
    """Pages and pages are asked for, so many in one piece, and read a byte at a time."""
    links = [deaf(place) for _ in range(READERS)]
    on()
    while not enough.is_set():
        for number, link in enumerate(links):
            try:
                link.send(b"GET / HTTP/1.1\r\nHost: box\r\n\r\n" * together)
                tally["asked"] += together
                tally["bytes"] += len(link.recv(1))
            except BlockingIOError:
                continue
            except OSError:
                link.close()
                links[number] = deaf(place)
                tally["closed"] += 1
                enough.wait(0.005)
        time.sleep(0.01)
    for link in links:
        link.close()


def deaf(place: Place) -> socket.socket:
    """A connection that takes little in."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    link.bind((SOURCE, 0))
    link.connect(place)
    link.setblocking(False)
    return link


def bodies(place: Place, tally: Tally) -> None:
    """Bodies of a gigabyte, announced and not."""
    heads = (
        b"POST /signup HTTP/1.1\r\nHost: box\r\nContent-Length: 1073741824\r\n\r\n",
        b"POST /signup HTTP/1.1\r\nHost: box\r\nTransfer-Encoding: chunked\r\n\r\n",
    )
    pieces = b"x" * _PIECE, b"10000\r\n" + b"x" * _PIECE + b"\r\n"
    on()
    for head, piece in cycle(zip(heads, pieces, strict=True)):
        if enough.is_set():
            break
        with suppress(OSError), dial(place) as link:
            link.sendall(head)
            for _ in range(1000):
                link.sendall(piece)
                tally["pieces"] += 1
        tally["bodies"] += 1


def asking(place: Place, tally: Tally, ask: Callable[[http.client.HTTPConnection, int], str], count: int) -> None:
    """``count`` questions over connections that stay, some at once; what came back is counted."""
    numbers = iter(range(count))
    lock = threading.Lock()

    def one() -> None:
        link = http.client.HTTPConnection(*place, timeout=30, source_address=(SOURCE, 0))
        while not enough.is_set():
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            try:
                said = ask(link, number)
            except (OSError, http.client.HTTPException) as error:
                link.close()
                said = type(error).__name__
            with lock:
                tally[said] += 1
        link.close()

    on()
    threads = [threading.Thread(target=one) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def sign_up(link: http.client.HTTPConnection, number: int) -> str:
    """The status."""
    body = json.dumps({"name": f"N{number}", "email": f"n{number}@example.org", "consent": True})
    link.request("POST", "/api/v1/signup", body, {"Content-Type": "application/json"})
    answer = link.getresponse()
    answer.read()
    return str(answer.status)


def guess(link: http.client.HTTPConnection, number: int) -> str:
    """The status."""
    code = "".join(_ALPHABET[byte % 32] for byte in os.urandom(10))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    link.request("POST", "/wallet", f"code={show_code(code)}", headers)
    answer = link.getresponse()
    answer.read()
    return str(answer.status)


def on() -> None:
    """Under way, which is said once."""
    if not under_way.is_set():
        under_way.set()
        say("on")


def say(line: str) -> None:
    """To who started this."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Begin."""
    kind, host, port = sys.argv[1:]
    os.nice(10)  # phones have processors of their own
    place, tally = (host, int(port)), Tally()
    works: dict[str, Callable[[], None]] = {
        "idle": lambda: hold(place, IDLE, tally),
        "more-than-there-are": lambda: hold(place, HELD, tally),
        "slowloris": lambda: slowloris(place, tally),
        "slow-readers": lambda: slow_readers(place, tally, 1),
        "all-at-once": lambda: slow_readers(place, tally, 200),
        "bodies": lambda: bodies(place, tally),
        "guesses": lambda: asking(place, tally, guess, 1_000_000),
        "sign-ups": lambda: asking(place, tally, sign_up, SIGN_UPS),
    }
    work = threading.Thread(target=works[kind])
    work.start()
    if kind != "sign-ups":
        sys.stdin.read()
        enough.set()
    work.join()
    say(json.dumps(tally))


if __name__ == "__main__":
    main()
