"""A day on which everybody types what they should not, everywhere; then things break."""

import json
import os
import pwd
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from appliance.journal import wire
from appliance.services import footfallclient
from appliance.services.steward import SOCKET
from tests.brokers import Broker, CentralProcess
from tests.canaries.aviary import WAGTAIL, Aviary
from tests.canaries.hands import Browser, boothkit, broken_requests, frame, throw
from tests.canaries.inventory import ENDPOINTS
from tests.canaries.sinks import PRIVATE, Everything, files
from tests.conftest import wait_until
from tests.faults.conftest import COFFEE, Box

PIN, WRONG_PIN = "73904618", "58217039"
MAC = "02:5e:7a:91:c3:4d"
HEX_CODE = "9d41e7b2a8c35f60d17e4b92f8a06c3d"
SINKS = ("journal", "export", "MQTT", "log", "board", "staff API", "portal", "paper", "central", "answers of commands")


class Day:
    """One box, its broker and its central. ``sinks``: what came to light, by name."""

    def __init__(self, folder: Path) -> None:
        self.aviary = Aviary()
        self.sinks = dict.fromkeys(SINKS, b"")
        self.holders: list[str] = []
        self.cashier = ""
        self._folder = folder
        self._broker = Broker(folder / "mosquitto")
        self._central = CentralProcess(folder / "central", self._broker)
        self._box = Box(folder / "box")
        self._members: tuple[str, str] = ("", "")
        self._number = 0

    def play(self) -> None:
        """Everything, in order; then ``sinks``, ``people_db`` and ``secrets_db`` are complete."""
        user, right = self.aviary.word("mqtt.user"), self.aviary.word("right MQTT password")
        self._members = user, self.aviary.word("site.user")
        passwords = self._folder / "mosquitto" / "passwords"
        subprocess.run(["/usr/bin/mosquitto_passwd", "-b", "-c", str(passwords), user, right], check=True)
        self._broker.configure(f"allow_anonymous true\npassword_file {passwords}")
        with ExitStack() as running:
            self._broker.start()
            running.callback(self._broker.kill)
            everything = Everything(self._broker)
            running.callback(everything.close)
            self._central.start()
            running.callback(self._central.kill, signal.SIGTERM)
            self._start_box(user, right, running)
            self._staff()
            self._tickets()
            self._catalogue()
            self._sales()
            self._scans()
            self._guests()
            self._sockets()
            self._everywhere()
            self._collect()
            self._silence()
            self._damage()
        self.sinks["MQTT"] = b"\n".join(everything.heard)
        self.sinks["log"] = self._box.log.read_bytes() + self._central.log.read_bytes()
        self._look_at_files()
        self.people_db = (self._box.data / "people.db").read_bytes()
        self.secrets_db = b"".join(path.read_bytes() for path in self._box.data.glob("secrets.db*"))

    # What people type

    def _start_box(self, user: str, right: str, running: ExitStack) -> None:
        """With the wrong password at the broker first."""
        secret, config = self._folder / "mqtt.password", self._folder / "boothkit.toml"
        secret.write_text(self.aviary.word("wrong MQTT password") + "\n")
        me = pwd.getpwuid(os.getuid()).pw_name
        site = f'[site]\nbroker = "127.0.0.1:9"\nuser = "{self._members[1]}"\npassword_file = "{secret}"\n'
        mqtt = f'[mqtt]\nuser = "{user}"\npassword_file = "{secret}"\n'
        links = self._folder / "links.secret"
        links.touch(0o600)
        links.write_text(2 * self.aviary.word("secret of links that end") + "\n")
        landing = f'[landing]\nurl = "https://quay.example/drop"\nsecret_file = "{links}"\n'
        config.write_text(f'{mqtt}{site}{landing}[steward]\nguest_admit = ["{me}"]\n')
        broker, key = self._broker.address, self._central.key
        env = {"BOOTHKIT_MQTT": broker, "BOOTHKIT_CENTRAL_KEY": key, "BOOTHKIT_LOG": "debug"}
        self._box = Box(self._folder / "box", env, ("--config", str(config)))
        self._box.start()
        running.callback(self._box.stop)
        self._box.login()
        wait_until(lambda: b"uthorized" in self._board(), "the wrong password is on the board")
        self._look_at_files()
        secret.write_text(right + "\n")
        self._box.wait_status(lambda status: status["uplink"]["connected"], "the right password is enough")

    def _run(self, *words: str, code: int = 0) -> bytes:
        """What a command on this box tells; it ends with exit code ``code``."""
        done = boothkit(*words, "--data", str(self._box.data))
        assert done.returncode == code, done
        return done.stdout

    def _staff(self) -> None:
        put = self.aviary
        self.cashier = put.text("staff add name")
        pin = put.exactly("staff add pin", PIN)
        told = self._run("staff", "add", self.cashier, "--role", "lead", "--pin", pin, "--token")
        token = put.exactly("Authorization", json.loads(told.splitlines()[-1])["token"])
        self._run("staff", "remove", put.text("staff remove name"), code=2)
        stranger = Browser(self._box.ready["staff"])
        assert stranger.sign_in(put.exactly("wrong PIN", WRONG_PIN))[0] == 401
        assert stranger.sign_in(put.text("PIN with letters"))[0] == 401
        self.lead = Browser(self._box.ready["staff"])
        status, answer = self.lead.sign_in(pin)
        assert (status, answer["name"]) == (200, self.cashier)
        for value in self.lead.cookies.values():
            put.exactly("cookie of the till", value)
        for shown, expected in ((f"Bearer {token}", 200), (f"Bearer {put.text('Authorization')}", 401)):
            assert stranger.ask("GET", "/api/v1/kpis", None, {"Authorization": shown})[0] == expected
        stranger.ask("GET", "/api/v1/kpis", None, {"Authorization": put.text("Authorization")})
        stranger.cookies["bk_staff"] = stranger.cookies["bk_device"] = put.word("cookie of the till")
        assert stranger.ask("GET", "/api/v1/kpis")[0] == 401

    def _tickets(self) -> None:
        put = self.aviary
        self.code = put.text("code in a file of tickets")
        self.hex_code = put.exactly("code of hexadecimal digits", HEX_CODE)
        for place in ("holder in a file of tickets", "tickets.import.tickets.holder"):
            self.holders.append(put.text(place))
        more = [put.text(f"tickets.import.tickets.{name}") for name in ("order", "note", "includes")]
        rows = zip((self.code, self.hex_code), self.holders, strict=True)
        lines = [",".join([code, who, *more, put.text("other column in a file of tickets")]) for code, who in rows]
        self.holders += more
        file = self._folder / "tickets.csv"
        file.write_text("\n".join(["code,holder,order,note,includes,colour", *lines, ""]))
        self._run("tickets", "import", str(file), "--list", "general")
        self._run("tickets", "import", str(file), "--list", put.sentence("tickets import list_"), "--yes", code=1)
        columns = f"code={put.text('tickets import columns')}"
        self._run("tickets", "import", str(file), "--list", "general", "--columns", columns, code=2)
        for place in ("tickets issue list_", "list.define.list"):
            self._run("tickets", "issue", "--count", "1", "--list", put.sentence(place), code=1)
        more = [self.first_signed, _] = [put.text("tickets issue holders"), put.text("tickets.issue.tickets.holder")]
        self.holders += more
        issued = self._run("tickets", "issue", "--count", "2", "--list", "vip", *(f"--holder={who}" for who in more))
        self.signed = [put.exactly("ticket.scan.code", line.split(",")[0]) for line in issued.decode().splitlines()[1:]]
        self.sinks["answers of commands"] += self._run("tickets", "show", self.code)
        self._run("tickets", "show", put.text("tickets show code"), code=1)
        self._run("tickets", "revoke", put.text("tickets revoke code"))
        self._run("tickets", "mark", "blocked", put.text("tickets mark shown"))
        columns = f"code={put.text('tickets mark columns')}"
        self._run("tickets", "mark", "blocked", "--file", str(file), "--columns", columns, code=2)
        self._run("tickets", "search", put.text("tickets search text"))
        self._run("people", "show", put.text("people show words"))
        for words in (("define", "tickets define list_"), ("gate", "tickets gate gate_")):
            self._run("tickets", words[0], put.sentence(words[1]), code=1)
        self._run("tickets", "gate", "side", "--list", put.sentence("tickets gate names"), code=1)
        self._run("receipt", "verify", put.text("receipt verify text"), code=1)
        claims = ("landing", "claims", "--count", "1", "--out", str(self._folder / "claims.csv"))
        self._run(*claims, "--list", put.sentence("landing claims list_"), code=1)
        for scheme in ("nginx", "bunny"):
            told = self._run("landing", "link", "en/", "--expires", "1h", "--scheme", scheme)
            self.sinks["answers of commands"] += told
        self._policy()

    def _policy(self) -> None:
        """A file that nobody signed, and codes in one that central did."""
        put, folder = self.aviary, self._folder / "quay"
        assert self._send("/policy", {"note": put.text("policy.apply.note")})[1]["applied"] is False
        folder.mkdir()
        (folder / "policy.toml").write_text("version = 1\n")
        (folder / "revoked.toml").write_text(f"codes = [{json.dumps(put.text('code in a policy'))}]\n")
        signed = boothkit("central", "sign", str(folder), "--data", str(self._central.data))
        assert signed.returncode == 0, signed
        self._run("policy", "apply", str(folder.with_name("quay.note")))

    def _catalogue(self) -> None:
        """Names are public, with a word of their own; comments are not."""
        file = self._folder / "catalogue.toml"
        text = f"# {self.aviary.sentence('comment in a catalogue')}\n" + "".join(
            f'[[item]]\nsku = "{sku}"\nname = "{WAGTAIL} {sku}"\nprice = 350\nvat = "0.19"\nkind = "unit"\n'
            for sku in ("COFFEE", "CAKE")
        )
        file.write_text(text)
        self._run("catalogue", "import", str(file))
        file.write_text(f'{text}note = "{self.aviary.text("unknown key in a catalogue")}"\n')
        self._run("catalogue", "import", str(file), code=2)

    def _send(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self._number += 1
        return self.lead.send(path, body, f"canary-{self._number}")

    def _sales(self) -> None:
        put = self.aviary
        assert self._send("/sales", COFFEE)[0] == 201
        for write in (put.mail, put.sentence):
            line = {"sku": write("sale.complete.lines.sku"), "qty": 1}
            assert self._send("/sales", {**COFFEE, "lines": [line]})[0] == 422
            card = {"kind": "card", "amount": 350, "reference": write("sale.complete.tenders.reference")}
            self._send("/sales", {**COFFEE, "tenders": [card]})
            assert self._send("/sales", {**COFFEE, "note": self._noted(write("sale.complete.note"))})[0] == 201
            self._send("/sales", {**COFFEE, write("till POST /api/v1/sales"): write("till POST /api/v1/sales")})
            tender = {"kind": write("till POST /api/v1/sales"), "amount": 350}
            self._send("/sales", {**COFFEE, "tenders": [tender]})
            self._money_back(write)
            self._carts(write)
            self._drawer(write)

    def _noted(self, text: str) -> str:
        """It is for people.db, and is to be found there."""
        self.holders.append(text)
        return text

    def _money_back(self, write: Callable[[str], str]) -> None:
        """What a person says when a sale is refunded or voided."""
        sold = [self._send("/sales", COFFEE)[1]["sale"] for _ in range(2)]
        asked: dict[str, Any] = {"reason": "other", "restock": False}
        reference = {"kind": "card", "amount": 1, "reference": write("sale.refund.tenders.reference")}
        for wrong in ({"drawer": write("sale.refund.drawer")}, {"tenders": [reference]}):
            assert self._send(f"/sales/{sold[0]}/refund", {**asked, **wrong})[0] in (409, 422)
        assert (
            self._send(f"/sales/{sold[0]}/refund", {**asked, "note": self._noted(write("sale.refund.note"))})[0] == 201
        )
        assert self._send(f"/sales/{sold[1]}/void", {"reason": self._noted(write("sale.void.note"))})[0] == 201

    def _carts(self, write: Callable[[str], str]) -> None:
        """What stands in a cart that waits, and what is said of a card payment and by the lead."""
        cart: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}]}
        assert self._send("/carts", {"lines": [{"sku": write("cart.park.lines.sku"), "qty": 1}]})[0] == 422
        assert self._send("/carts", {**cart, "name": write("cart.park.name")})[0] == 422
        assert self._send("/carts", {**cart, "note": self._noted(write("cart.park.note"))})[0] == 201
        card = {"kind": "card", "amount": 350, "status": "unknown"}
        sold = self._send("/sales", {**COFFEE, "tenders": [card]})[1]["sale"]
        said = {"tender": 1, "outcome": "approved"}
        assert self._send(f"/sales/{sold}/card", {**said, "reference": write("card.settle.reference")})[0] == 422
        assert self._send(f"/sales/{sold}/card", said)[0] == 200
        status, given = self._send("/approvals", {"pin": PIN})
        assert status == 201
        for approval in (self.aviary.exactly("approval", given["approval"]), write("approval")):
            self._send("/sales", {**COFFEE, "approval": approval})

    def _drawer(self, write: Callable[[str], str]) -> None:
        """What a person says of the money in a drawer, and in the place of a drawer's name."""
        assert self._send("/sales", {**COFFEE, "drawer": write("sale.complete.drawer")})[0] == 409
        assert self._send("/drawer/open", {"float": 1, "name": write("drawer.open.name")})[0] == 422
        out: dict[str, Any] = {"amount": -100, "reason": "expense"}
        assert self._send("/drawer/move", {**out, "drawer": write("drawer.move.drawer")})[0] == 409
        assert self._send("/drawer/move", {**out, "note": self._noted(write("drawer.move.note"))})[0] == 200
        assert self._send("/drawer/move", {"amount": -100, "reason": self._noted(write("drawer.move.note"))})[0] == 200
        assert self._send("/drawer/no-sale", {"reason": "other", "drawer": write("drawer.no_sale.drawer")})[0] == 409
        assert self._send("/drawer/no-sale", {"reason": self._noted(write("drawer.no_sale.note"))})[0] == 200
        assert self._send("/drawer/count", {"coins": {write("drawer.count.coins.NAME"): 1}})[0] == 422
        assert self._send("/drawer/count", {"coins": {}, "drawer": write("drawer.count.drawer")})[0] == 409
        assert self._send("/drawer/x", {"drawer": write("drawer.read.drawer")})[0] == 409
        assert self._send("/drawer/close", {"drawer": write("drawer.close.drawer")})[0] == 409
        assert self._send("/drawer/count", {"coins": {}})[0] == 200
        assert self._send("/drawer/close", {"reason": self._noted(write("drawer.close.note"))})[0] == 200
        assert self._send("/drawer/open", {"float": 10_000})[0] == 200

    def _scans(self) -> None:
        """At the till and in front of the scanner; who holds a ticket is told to the till alone."""
        put = self.aviary
        status, answer = self._send("/scans", {"code": self.code})
        assert (status, answer["verdict"], answer["holder"]) == (200, "admitted", self.holders[0])
        assert self._send("/scans", {"code": self.signed[0]})[1]["holder"] == self.first_signed
        for write in (put.mail, put.sentence):
            self._send("/scans", {"code": "unknown", "gate": write("ticket.scan.gate")})
            self._send("/scans", {"code": "unknown", "list": write("ticket.scan.list")})
            self._send("/scans", {"code": "unknown", "direction": write("till POST /api/v1/scans")})
            self._send("/scans", {"code": "unknown", "reason": "x", "gate": write("ticket.admit.gate")})
            self._send("/scans", {"code": "unknown", "reason": "x", "list": write("ticket.admit.list")})
            self._send("/gates", {"gate": write("gate.define.gate")})
            self._send("/gates", {"gate": "side", "lists": [write("gate.define.lists")]})
        self._by_hand()
        code = put.text("ticket.scan.code")
        for shown in (code, f"BK1:{code}", f"{code}\n{code}", code * 300, [code], {code: code}):
            self._send("/scans", {"code": shown})
        before = self._box.get("/status")["journal"]["pos"]
        for shown in (self.signed[1], put.text("ticket.scan.code"), f"BK1:{put.text('ticket.scan.code')}"):
            self._box.bench("scan", {"code": shown})
        self._box.wait_for_fact("ticket.admitted/1", after=before)
        self._box.wait_for_fact("ticket.refused/1", 2, after=before)
        self._run("tickets", "revoke", self.code)
        self._run("tickets", "revoke", self.hex_code)
        self.revoked = [self._send("/scans", {"code": code})[1]["reason"] for code in (self.code, self.hex_code)]

    def _by_hand(self) -> None:
        """A guest is asked something, and the lead lets in somebody whom the rules refuse."""
        put = self.aviary
        questions = [{"text": "Who is with you?", "answer": "text"}]
        assert self._send("/lists", {"list": "asking", "questions": questions})[0] == 200
        said = {
            command: (put.text(f"{command}.answers"), put.word(f"{command}.answers.NAME"))
            for command in ("ticket.scan", "ticket.admit")
        }
        for (answer, name), more in zip(said.values(), ({}, {"reason": put.text("ticket.admit.reason")}), strict=True):
            code = put.text("ticket.admit.code" if more else "tickets.import.tickets.code")
            self._run_admin(
                "tickets.import", {"list": "asking", "import": "i9", "part": 1, "tickets": [{"code": code}]}
            )
            status, verdict = self._send("/scans", {"code": code, "answers": {"q1": answer, name: name}, **more})
            assert (status, verdict.get("verdict")) == (200, "admitted"), verdict
            self.holders.append(answer)
        refused = {"code": put.text("ticket.admit.code"), "reason": put.text("ticket.admit.reason")}
        assert self._send("/scans", refused)[1]["overruled"] == "unknown"
        self.holders.append(refused["reason"])
        assert self._send("/tickets/mark", {"mark": "blocked", "codes": [put.text("tickets.mark.codes")]})[0] == 200

    def _run_admin(self, command: str, data: dict[str, Any]) -> None:
        self._number += 1
        asked = {"id": f"frame-{self._number}", "command": command, "actor": "admin:test", "data": data}
        answer = frame(wire.socket_path(self._box.run, "admin"), json.dumps(asked).encode())
        assert answer["ok"], answer

    def _guests(self) -> None:
        """Somebody signs up, and opens the wallet with the claim code."""
        put, portal = self.aviary, self._box.ready["portal"]
        told = {"name": put.text("guest.sign_up.name"), "email": put.mail("guest.sign_up.email"), "consent": True}
        status, answer = Browser(portal).ask("POST", "/api/v1/signup", json.dumps(told).encode())
        assert status == 200
        self.holders += [told["name"], told["email"]]
        code = put.exactly("guest.erase.code", json.loads(answer)["claim_code"].replace("-", ""))
        guest = Browser(portal, {"bk_claim": code})
        assert told["email"].encode() in guest.ask("GET", "/privacy")[1]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert guest.ask("POST", "/wallet", urlencode({"code": put.text("guest.erase.code")}).encode(), form)[0] == 422
        assert guest.ask("POST", "/wallet", urlencode({"code": code.lower()}).encode(), form)[0] == 200

    def _sockets(self) -> None:
        """What other programs of the box may say to each other."""
        put, run = self.aviary, self._box.run
        recorder = wire.socket_path(run, "admin")

        def canary() -> str:
            return put.text("recorder frame")

        def ask(command: str, data: Any, actor: str = "admin:test") -> dict[str, Any]:
            self._number += 1
            asked = {"id": f"frame-{self._number}", "command": command, "actor": actor, "data": data}
            return frame(recorder, json.dumps(asked).encode())

        assert ask("hello", {})["ok"] is True
        assert ask(canary(), {})["ok"] is False
        assert ask("hello", {}, canary())["ok"] is False
        assert ask("event.create", {"name": "x", canary(): canary()})["ok"] is False
        assert ask("drawer.open", {"float": canary()})["ok"] is False
        assert ask("receipt.link", {"sale": canary()})["ok"] is False
        assert ask("ticket.code", {"ticket": canary()})["ok"] is False
        assert ask("checkpoint.cosign", {"note": canary()})["ok"] is False
        assert ask("backup.key", {"key": canary()})["ok"] is False
        line, zone = (put.sentence(f"counter.plan.{kind}.name") for kind in ("lines", "zones"))
        lines = [{"name": line, "a": [0, 0], "b": [9000, 0]}]
        zones = [{"name": zone, "corners": [[0, 0], [9000, 0], [0, 9000]]}]
        assert ask("counter.plan", {"device": "footfall", "lines": lines})["ok"] is False
        assert ask("counter.plan", {"device": "footfall", "zones": zones})["ok"] is False
        for command, more in (("tickets.issue", {}), ("tickets.import", {"import": "i1", "part": 1})):
            ticket = {"ticket" if command == "tickets.issue" else "code": "0" * 24, "holder": canary()}
            data = {"list": put.sentence(f"{command}.list"), "tickets": [ticket], **more}
            assert ask(command, data)["ok"] is False
        more = {name: put.text(f"tickets.issue.tickets.{name}") for name in ("order", "note")}
        more |= {"includes": [put.text("tickets.issue.tickets.includes")]}  # type: ignore[dict-item]
        assert ask("tickets.issue", {"list": "vip", "tickets": [{"ticket": "ab" * 12, **more}]})["ok"] is True
        self.holders += [more["order"], more["note"], more["includes"][0]]
        asked = run / footfallclient.SOCKET
        sockets = {"recorder frame": recorder, "steward frame": run / SOCKET, "footfall frame": asked}
        for place, socket in sockets.items():
            odd = put.text(place).encode()
            for raw in (odd, b'{"%s' % odd, b"[" * 60_000 + odd, b'["%s"]' % odd, odd * 6_000):
                assert frame(socket, raw)["ok"] is False
        self._steward(run / SOCKET)
        self._footfall(asked)

    def _steward(self, socket: Path) -> None:
        """Where the steward has the right it asks the firewall, which has no table of the box and says so."""
        odd, mac = self.aviary.text("steward frame"), self.aviary.exactly("AdmitGuest.mac", MAC)
        for verb, asked in (
            (odd, {odd: odd}),
            ("guest.admit", {"mac": odd, "hours": 1}),
            ("guest.admit", {"mac": mac, "hours": 1}),
            ("clock.set", {"unix_ms": odd}),
            ("update.apply", {"name": self.aviary.mail("ApplyUpdate.name")}),
        ):
            frame(socket, json.dumps({"id": odd, "verb": verb, "data": asked}).encode())

    def _footfall(self, socket: Path) -> None:
        """Names of lines that are tried: of a counter that there is, and of one that there is not."""
        odd = self.aviary.text("footfall frame")
        line, zone = (self.aviary.sentence(f"Try.plan.{kind}.name") for kind in ("lines", "zones"))
        corners = [[0, 0], [9000, 0], [0, 9000]]
        plan = {"lines": [{"name": line, "a": [0, 0], "b": [9000, 0]}], "zones": [{"name": zone, "corners": corners}]}
        for verb, asked in (
            (odd, {odd: odd}),
            ("try", {"device": "footfall", "plan": plan}),
            ("try", {"device": odd, "plan": plan}),
            ("look", {"device": odd}),
        ):
            frame(socket, json.dumps({"id": odd, "verb": verb, "data": asked}).encode())

    def _everywhere(self) -> None:
        """Every endpoint, signed in where one can, and not; then what is no request at all."""
        urls = {"central": self._central.url, **{name: self._box.ready[name] for name in ("staff", "portal", "bench")}}
        for endpoint in ENDPOINTS:
            url = urls[endpoint.partition(" ")[0].replace("till", "staff")]
            for browser in (Browser(url), self.lead) if endpoint.startswith("till ") else (Browser(url),):
                if browser is self.lead and endpoint.endswith("/logout"):
                    browser = Browser(url, dict(self.lead.cookies))  # without the token: it stays signed in
                assert browser.everywhere(self.aviary, endpoint) < 500, endpoint
        for url in urls.values():
            for request in broken_requests(self.aviary):
                throw(url, request)
            for name in ("Host", "Origin"):
                Browser(url).ask("POST", "/", b"{}", {name: self.aviary.text(name)})

    # What comes to light

    def _collect(self) -> None:
        """From the running box, when all that happened is at central and on paper."""
        box = self._box
        wait_until(lambda: box.get("/status")["uplink"]["safe"] == len(box.facts()), "everything at central", 60)
        wait_until(lambda: len([slip for slip in box.bench("printer/receipts") if slip["cut"]]) > 0, "a receipt")
        slips = box.bench("printer/receipts")
        self.sinks["paper"] = json.dumps([slip["text"] for slip in slips], ensure_ascii=False).encode()
        paths = ("facts", "status", "kpis", "catalogue")
        pages = ("/door/now", "/lead/now", "/box/now", "/bar", "/sell/tiles", *(f"/api/v1/{path}" for path in paths))
        self.sinks["staff API"] = b"\n".join(self.lead.ask("GET", page)[1] for page in pages) + self._follow()
        guest = Browser(box.ready["portal"])
        receipt = "/r/" + slips[0]["qr"][0].rpartition("/")[2]
        shown = ("/", "/privacy", receipt, f"{receipt}/proof")
        self.sinks["portal"] = b"\n".join(guest.ask("GET", page)[1] for page in shown)
        self.sinks["portal"] += guest.ask("GET", receipt, None, {"Accept": "application/json"})[1]
        own = f"/api/v1/boxes/demo/{box.ready['box']}"
        there = ("/", "/api/v1/boxes", f"{own}/facts", f"{own}/times", "/api/v1/tasks", "/api/v1/kpis")
        self.sinks["central"] = b"\n".join(self._central.get(path) for path in there)
        self.sinks["central"] += boothkit("central", "report", "--json", "--data", str(self._central.data)).stdout
        self._export()

    def _follow(self) -> bytes:
        """The stream of facts from its beginning, as far as it goes now."""
        end = f"id: {len(self._box.facts())}\n".encode()
        cookie = "; ".join(f"{name}={value}" for name, value in self.lead.cookies.items())
        request = f"GET /api/v1/follow?after=0 HTTP/1.1\r\nHost: here\r\nCookie: {cookie}\r\n\r\n".encode()
        answer = throw(self.lead.url, request, until=end)
        assert end in answer
        return answer

    def _export(self) -> None:
        folder = self._folder / "export"
        self._run("journal", "export", str(folder / "csv") + "/")
        self._run("journal", "export", str(folder / "all.ndjson"))
        self._run("catalogue", "export", str(folder / "catalogue.csv"))
        self.sinks["export"] = files(folder)
        for words in (("status",), ("status", "--json"), ("event", "show"), ("journal", "tail", "--lines", "9999")):
            self.sinks["answers of commands"] += self._run(*words)

    def _look_at_files(self) -> None:
        """DATA and RUN as they lie there now. The demo's own file of tickets is for people to try; the names at the
        brokers are in the resolved configuration."""
        data = self._box.data
        private = [data / "demo", *(data / name for name in PRIVATE)]
        self.sinks["journal"] += files(data, lambda path: path in private or path.parent in private)
        board = self._board()
        for user in self._members:
            board = board.replace(user.encode(), b"")
        self.sinks["board"] += board

    def _board(self) -> bytes:
        return files(self._box.run)

    # What breaks

    def _silence(self) -> None:
        """A recorder that does not answer, and one that was killed."""
        put, place = self.aviary, "request that ends in an error"
        pid = self._box.signal("recorder", signal.SIGSTOP)
        try:
            self._box.bench("scan", {"code": put.text(place)})
            assert self._send("/scans", {"code": put.text(place), "gate": put.text(place)})[0] == 503
        finally:
            os.kill(pid, signal.SIGKILL)
        self._box.wait_back("recorder", pid)
        wait_until(lambda: self._send("/scans", {"code": put.text(place)})[0] == 200, "the door works again")

    def _damage(self) -> None:
        """Files that went bad under the running workers: every request ends in an error that nobody foresaw."""
        put, place, data = self.aviary, "request that ends in an error", self._box.data
        (data / "keys" / "box.pub").write_text("no key\n")
        guest = Browser(self._box.ready["portal"])
        assert guest.ask("GET", f"/r/{put.word(place)}")[0] >= 500
        (data / "keys" / "event-folder.pub").mkdir()
        assert self._send("/scans", {"code": self.signed[0]})[0] == 200
        with closing(sqlite3.connect(data / "journal.db", isolation_level=None, timeout=20)) as db:
            db.execute("UPDATE p_item SET vat = 'no rate'")
        said = self._send("/sales", COFFEE)
        assert said[0] == 500, said
        _lose(data / "journal.db", "p_sale", "p_ticket", "p_event")
        assert self.lead.ask("GET", f"/api/v1/sales/{quote(put.text(place))}")[0] >= 500
        for path, body in (("/scans", {"code": put.text(place)}), ("/sales", {**COFFEE, put.word(place): 1})):
            assert self._send(path, body)[0] >= 422
        self._box.bench("scan", {"code": put.text(place)})
        assert guest.ask("GET", f"/?{put.word(place)}", None, {"User-Agent": put.text(place)})[0] >= 500
        self.lead.ask("GET", f"/door?{put.word(place)}")
        _lose(data / "secrets.db", "session", "token", "brake")
        assert Browser(self.lead.url).sign_in(put.text(place))[0] >= 500
        for headers in ({"Authorization": f"Bearer {put.text(place)}"}, {"Cookie": f"bk_staff={put.word(place)}"}):
            assert Browser(self.lead.url).ask("GET", f"/api/v1/sales/{put.word(place)}", None, headers)[0] >= 500
        (self._central.data / "central.db").rename(self._central.data / "gone.db")
        path = f"/api/v1/boxes/{put.word(place)}/{put.word(place)}/facts"
        assert Browser(self._central.url).ask("GET", path, None, {"User-Agent": put.text(place)})[0] >= 500


def _lose(database: Path, *tables: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None, timeout=20)) as db:
        db.execute("PRAGMA legacy_alter_table = ON")
        for table in tables:
            db.execute(f"ALTER TABLE {table} RENAME TO lost_{table}")
