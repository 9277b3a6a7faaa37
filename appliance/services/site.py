"""The site's broker on one of the boxes: mosquitto, over TLS with the box's own certificate.

Started only where [site] serve says so. mosquitto is Debian's, and a child of this process. The firewall keeps guests
from its port; who knows user and password may write, and what they write counts only under a signature that the policy
names.
"""

import os
import subprocess
from pathlib import Path

from appliance.board import Board
from appliance.config import Config
from appliance.language import N_
from appliance.services.context import WorkerContext
from appliance.services.listening import WAIT, Listening, Silent
from appliance.services.program import found
from appliance.services.run import Loop

_TRIES = 10
"""Steps that may pass after its start without an answer."""
LARGEST = 256 * 1024


def configuration(config: Config, run: Path) -> str:
    """mosquitto.conf(5). Nothing is kept on the card: what was not heard is asked for again."""
    own, leaf = run / "site", run / "pki" / "leaf.pem"
    return f"""\
# Made at each start.
# Only where root runs all of the box, on a laptop; else it stays who it is.
user root
listener {config.site.port} {config.staff.host}
certfile {leaf}
keyfile {leaf}
tls_version tlsv1.2
allow_anonymous false
password_file {own}/passwords
acl_file {own}/acl
persistence false
pid_file {own}/mosquitto.pid
max_packet_size {LARGEST}
max_inflight_messages 100
max_queued_messages 1000
max_connections 64
max_keepalive 120
log_dest stderr
log_type error
"""


_ACL = """\
pattern readwrite boothkit/1/+/+/facts
pattern readwrite boothkit/1/+/+/site
pattern readwrite boothkit/1/+/+/have
"""


def main(ctx: WorkerContext) -> int:
    """Serve until SIGTERM."""
    return Broker(ctx, Board(ctx.run, ctx.name)).serve(Loop(ctx.name))


class Broker(Listening):
    """mosquitto."""

    def __init__(self, ctx: WorkerContext, board: Board) -> None:
        super().__init__(ctx, board, ctx.config.site.port, "mosquitto.said")

    def prepare(self) -> list[str] | None:
        """Its configuration, and the hash of the site's password."""
        mosquitto, hasher = found("mosquitto"), found("mosquitto_passwd")
        if mosquitto is None or hasher is None:
            self.lack(N_("mosquitto is not installed"), N_("Install it (apt-get install mosquitto)."))
            return None
        self.own.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._passwords(hasher)
        except OSError as error:
            self.lack(f"[site] password_file: {error.strerror}", N_("Name a file with the site's password."))
            return None
        except subprocess.SubprocessError:
            self.lack(N_("the site's password cannot be used"), N_("Its first line is 8 to 200 characters long."))
            return None
        (self.own / "acl").write_text(_ACL, encoding="ascii")
        file = self.own / "mosquitto.conf"
        file.write_text(configuration(self.ctx.config, self.ctx.run), encoding="ascii")
        return [mosquitto, "-c", str(file)]

    def _passwords(self, hasher: str) -> None:
        """mosquitto_passwd(1) turns a file of passwords into one of hashes; no password is on a command line."""
        site = self.ctx.config.site
        given = self.own / "password"  # on a box: the uplink alone reads the file that is configured
        with (given if given.exists() else Path(site.password_file)).open(encoding="utf-8") as source:
            password = source.readline(300).rstrip("\r\n")
        if not 8 <= len(password) <= 200 or ":" in site.user:
            raise subprocess.SubprocessError
        path = self.own / "passwords"
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "w", encoding="utf-8") as target:
            target.write(f"{site.user}:{password}\n")
        subprocess.run([hasher, "-U", str(path)], check=True, capture_output=True, timeout=30)

    def started(self) -> None:
        """It takes a moment."""
        self.patience = _TRIES
        self.board.put(state="starting", reason="", remedy="")

    def answered(self) -> bool:
        """Whether it had answered."""
        return self.patience == 0

    def ending(self) -> tuple[str, str]:
        """From its last words."""
        said = self.program.said()
        if "Address already in use" in said:
            remedy = N_("Stop what listens there, or set [site] port to another number.")
            return N_(f"nothing can listen at port {self.port}: it is taken"), remedy
        last = next((line for line in reversed(said.splitlines()) if "Error" in line), "")
        return f"mosquitto ended: {last[:200]}" if last else N_("mosquitto ended"), WAIT

    def ask(self) -> None:
        """Until TLS is spoken there, as the other boxes will find it. Later the uplink notices, which is a client: each
        question is a line in the broker's log."""
        if self.patience == 0:
            return
        try:
            self.link().close()
        except OSError as error:
            self.patience -= 1
            if self.patience == 0:
                raise Silent(f"port {self.port}: {error}") from error
            return
        self.patience = 0
        self.ready()
