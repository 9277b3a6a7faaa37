"""What can stand between a box and its broker: named on the board with what to do, healed without a restart."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.conftest import wait_until
from tests.uplink.certificates import Authority
from tests.uplink.conftest import Box, Listener


def test_a_wrong_password_is_named_and_a_corrected_file_is_enough(broker: Broker, box: Box, tmp_path: Path) -> None:
    passwords = tmp_path / "mosquitto" / "passwords"
    subprocess.run(["/usr/bin/mosquitto_passwd", "-b", "-c", str(passwords), "box", "right horse"], check=True)
    broker.kill()
    broker.configure(f"allow_anonymous false\npassword_file {passwords}")
    broker.start()
    secret = tmp_path / "secret"
    box.start(broker.address, mqtt=f'user = "box"\npassword_file = "{secret}"')
    page = box.wait_board("the file is missing", connected=False, reason=f"{secret}: No such file")
    assert "password" not in page["reason"].replace(str(secret), "")
    secret.write_text("wrong horse\n")
    page = box.wait_board("the password is wrong", connected=False, reason="Not authorized")
    assert page["remedy"]
    secret.write_text("right horse\n")
    box.wait_board("it is in", connected=True)
    assert "horse" not in box.uplink.log.read_text()


def test_a_broker_that_lets_the_box_write_nothing_is_named(broker: Broker, box: Box, tmp_path: Path) -> None:
    rules = tmp_path / "mosquitto" / "acl"
    rules.write_text("topic read #\n")
    broker.kill()
    broker.configure(f"allow_anonymous true\nacl_file {rules}")
    broker.start()
    box.start(broker.address)
    page = box.wait_board("the refusal is shown", connected=True, state="degraded", reason="Not authorized")
    assert "access rules" in page["remedy"]


def test_a_broker_without_a_listener_for_facts_is_no_failure_but_is_said(broker: Broker, box: Box) -> None:
    box.start(broker.address)
    page = box.wait_board("nobody listens", connected=True, reason="no subscriber for facts")
    assert "central" in page["remedy"]


def test_batches_stay_below_what_the_broker_takes(broker: Broker, box: Box, tmp_path: Path) -> None:
    broker.kill()
    broker.configure("max_packet_size 2000")
    broker.start()
    listener = Listener(broker)
    box.start_recorder(broker.address)
    box.record(40)
    box.start_uplink(broker.address)
    wait_until(lambda: len(listener.bodies()) >= 41, "all facts")
    assert listener.bodies() == box.bodies()
    assert max(map(len, listener.of("facts"))) <= 2000
    listener.close()


def test_a_fact_beyond_what_the_broker_takes_holds_back_what_follows_and_says_so(broker: Broker, box: Box) -> None:
    broker.kill()
    broker.configure("max_packet_size 400")
    broker.start()
    box.start(broker.address)
    page = box.wait_board("the limit is named", state="degraded", reason="the fact at position 1 needs")
    assert "max_packet_size" in page["remedy"]


@pytest.fixture
def tls(broker: Broker, tmp_path: Path) -> Authority:
    """The broker speaks TLS and wants certificates of this authority."""
    authority = Authority(tmp_path / "tls")
    certificate, key = authority.sign("broker")
    broker.kill()
    broker.configure(f"cafile {authority.certificate}\ncertfile {certificate}\nkeyfile {key}\nrequire_certificate true")
    broker.start()
    return authority


def test_tls_with_a_client_certificate(broker: Broker, tls: Authority, box: Box) -> None:
    certificate, key = tls.sign("box")
    box.start(broker.address, mqtt=f'ca = "{tls.certificate}"\ncert = "{certificate}"\nkey = "{key}"')
    box.wait_board("it is in", connected=True)


def test_a_missing_certificate_is_named(broker: Broker, tls: Authority, box: Box, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.crt"
    box.start(broker.address, mqtt=f'ca = "{tls.certificate}"\ncert = "{missing}"')
    box.wait_board("the file is named", connected=False, reason=f"{missing}: No such file")


def test_a_broker_of_another_authority_is_not_spoken_to(
    broker: Broker, tls: Authority, box: Box, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other")
    box.start(broker.address, mqtt=f'ca = "{other.certificate}"')
    page = box.wait_board("the certificate is refused", connected=False, reason="its certificate is not accepted")
    assert "[mqtt] ca" in page["remedy"]


def test_our_own_certificate_that_expired_is_named_and_a_new_one_is_enough(
    broker: Broker, tls: Authority, box: Box
) -> None:
    certificate, key = tls.sign("box", expired=True)
    box.start(broker.address, mqtt=f'ca = "{tls.certificate}"\ncert = "{certificate}"\nkey = "{key}"')
    page = box.wait_board("the date", connected=False, reason=f"{certificate}: this certificate was valid until")
    assert "new certificate" in page["remedy"]
    box.record(2)
    tls.sign("box")
    box.wait_board("it is in", connected=True)


def test_a_brokers_certificate_that_expired_is_named(broker: Broker, tls: Authority, box: Box) -> None:
    tls.sign("broker", expired=True)
    broker.kill()
    broker.start()
    box.start(broker.address, mqtt=f'ca = "{tls.certificate}"')
    page = box.wait_board("its date", connected=False, reason="certificate has expired")
    assert "this box's clock" in page["remedy"]


@pytest.fixture
def impostor() -> Iterator[Callable[[bytes], str]]:
    """Something that listens and says ``answer`` to whoever connects."""
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    link, _ = server.accept()
                except OSError:
                    return
                with link:
                    link.settimeout(5)
                    link.recv(4096)
                    link.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "before the broker answers"),
        (b"\x20\x03\x00\xfe\x00", "not MQTT 5"),
        (b"\x20\x03\x00\x84\x00", "Unsupported protocol version"),
        (b"\x20\x03\x00\x8a\x00", "Banned"),
        (b"\x20\xff\xff\xff\xff\xff", "not MQTT 5"),
        (b"", "before the broker answers"),
    ],
)
def test_something_else_on_the_brokers_port_does_not_end_the_worker(
    impostor: Callable[[bytes], str], box: Box, answer: bytes, reason: str
) -> None:
    box.start(impostor(answer))
    page = box.wait_board("it is named", connected=False, state="degraded", reason=reason)
    assert page["remedy"]
    assert box.uplink.process is not None
    attempts = len(box.uplink.log.read_text().splitlines())
    assert attempts >= 1
    assert box.uplink.process.poll() is None
