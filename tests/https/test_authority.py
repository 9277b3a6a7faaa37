"""The box's own certificate authority, as OpenSSL and a browser's library see it."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.services import authority
from tests.https.conftest import openssl

NAMES = ("box.booth", "10.77.0.1")
NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Folders:
    def __init__(self, folder: Path) -> None:
        self.kept, self.pki = folder / "kept", folder / "pki"

    def lay(self, names: tuple[str, ...] = NAMES, now: datetime = NOW) -> None:
        authority.lay(self.kept, self.pki, names, now)

    @property
    def ca(self) -> bytes:
        return (self.pki / "ca.pem").read_bytes()

    @property
    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.pki / "leaf.pem").read_bytes())


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path)
    made.lay()
    return made


def verified(folders: Folders, leaf: Path, at: datetime, *more: str) -> tuple[bool, str]:
    time = str(int(at.timestamp()))
    done = openssl("verify", "-x509_strict", "-attime", time, "-CAfile", folders.pki / "ca.pem", *more, leaf)
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("host", [("-verify_hostname", "box.booth"), ("-verify_ip", "10.77.0.1")])
def test_openssl_takes_the_certificate_for_the_names_of_the_box(folders: Folders, host: tuple[str, str]) -> None:
    assert verified(folders, folders.pki / "leaf.pem", NOW, "-purpose", "sslserver", *host) == (
        True,
        f"{folders.pki / 'leaf.pem'}: OK\n",
    )


def test_openssl_takes_it_for_no_other_name(folders: Folders) -> None:
    ok, said = verified(folders, folders.pki / "leaf.pem", NOW, "-verify_hostname", "bank.example")
    assert (ok, "hostname mismatch" in said.lower()) == (False, True)


@pytest.mark.parametrize("name", ["bank.example", "booth", "10.77.0.2", "192.0.2.1", "xbox.booth"])
def test_whoever_steals_the_authoritys_key_cannot_speak_for_anybody_else(folders: Folders, name: str) -> None:
    """Signed with the true key, and refused by OpenSSL for the name alone."""
    content = (folders.kept / "authority.pem").read_bytes()
    key = serialization.load_pem_private_key(content, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    stolen = authority._leaf(authority._Pair(key, x509.load_pem_x509_certificate(content)), (name,), NOW)
    file = folders.pki / "stolen.pem"
    file.write_bytes(stolen.certificate.public_bytes(serialization.Encoding.PEM))
    ok, said = verified(folders, file, NOW)
    assert (ok, "permitted subtree violation" in said) == (False, True)


def test_a_sub_authority_is_refused(folders: Folders, tmp_path: Path) -> None:
    content = (folders.kept / "authority.pem").read_bytes()
    key, ca = serialization.load_pem_private_key(content, None), x509.load_pem_x509_certificate(content)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    own = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=Sub")
    sub = (
        x509.CertificateBuilder(issuer_name=ca.subject, subject_name=name, public_key=own.public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    below = (
        x509.CertificateBuilder(
            issuer_name=name, subject_name=x509.Name.from_rfc4514_string("CN=box.booth"), public_key=own.public_key()
        )
        .serial_number(2)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("box.booth")]), critical=False)
        .sign(own, hashes.SHA256())
    )
    for path, certificate in ((tmp_path / "sub.pem", sub), (tmp_path / "below.pem", below)):
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    time = str(int(NOW.timestamp()))
    words = ("verify", "-attime", time, "-CAfile", folders.pki / "ca.pem", "-untrusted", tmp_path / "sub.pem")
    done = openssl(*words, tmp_path / "below.pem")
    assert done.returncode != 0
    assert "path length constraint exceeded" in done.stdout + done.stderr


def test_it_is_a_p256_key_and_good_for_397_days_most_of_them_to_come(folders: Folders) -> None:
    leaf = folders.leaf
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    assert leaf.public_key().curve.name == "secp256r1"
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == 397 * DAY
    # A Pi's clock stood still while it lay in its case: today may be up to a year later than it thinks.
    for later, good in ((-29 * DAY, True), (360 * DAY, True), (368 * DAY, False)):
        assert verified(folders, folders.pki / "leaf.pem", NOW + later)[0] is good


@pytest.mark.parametrize("years", [1970, 2000])
def test_a_box_without_a_clock_gets_a_certificate_that_is_good_today(tmp_path: Path, years: int) -> None:
    folders = Folders(tmp_path)
    folders.lay(now=datetime(years, 1, 1, tzinfo=UTC))
    assert verified(folders, folders.pki / "leaf.pem", datetime.now(UTC))[0] is True


def test_again_changes_nothing_and_a_month_later_only_the_certificate(folders: Folders) -> None:
    ca, leaf = folders.ca, folders.leaf
    folders.lay(now=NOW + 29 * DAY)
    assert (folders.ca, folders.leaf) == (ca, leaf)
    folders.lay(now=NOW + 31 * DAY)
    assert folders.ca == ca
    assert folders.leaf.not_valid_before_utc == leaf.not_valid_before_utc + 31 * DAY
    assert folders.leaf.public_key() != leaf.public_key()


def test_a_clock_that_was_years_ahead_and_is_set_right_leaves_no_certificate_of_the_future(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.lay(now=NOW + 3650 * DAY)
    folders.lay(now=NOW)
    assert verified(folders, folders.pki / "leaf.pem", NOW)[0] is True


def test_a_configured_name_is_in_it_and_asks_for_a_new_authority_but_one_less_does_not(folders: Folders) -> None:
    old = folders.ca
    folders.lay((*NAMES, "till.quay.example", "192.168.7.1"))
    assert folders.ca != old
    for host in (("-verify_hostname", "till.quay.example"), ("-verify_ip", "192.168.7.1")):
        assert verified(folders, folders.pki / "leaf.pem", NOW, *host)[0]
    new = folders.ca
    folders.lay()
    assert folders.ca == new
    assert not verified(folders, folders.pki / "leaf.pem", NOW, "-verify_hostname", "till.quay.example")[0]


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN", b"\0" * 800])
def test_damaged_files_are_made_anew(folders: Folders, damage: bytes) -> None:
    old = folders.ca
    (folders.pki / "leaf.pem").write_bytes(damage)
    (folders.pki / "ca.pem").write_bytes(damage)
    folders.lay()
    assert folders.ca == old
    assert verified(folders, folders.pki / "leaf.pem", NOW)[0]
    (folders.kept / "authority.pem").write_bytes(damage)
    folders.lay()
    assert verified(folders, folders.pki / "leaf.pem", NOW)[0]


def test_a_certificate_of_another_authority_is_replaced(folders: Folders, tmp_path: Path) -> None:
    other = Folders(tmp_path / "other")
    other.lay()
    (folders.pki / "leaf.pem").write_bytes((other.pki / "leaf.pem").read_bytes())
    folders.lay()
    assert verified(folders, folders.pki / "leaf.pem", NOW)[0]


def test_keys_are_for_their_owner_and_the_listeners_group_alone(folders: Folders) -> None:
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (folders.kept, folders.kept / "authority.pem", folders.pki / "ca.pem", folders.pki / "leaf.pem")
    }
    assert modes == {"kept": 0o700, "authority.pem": 0o600, "ca.pem": 0o644, "leaf.pem": 0o640}
    assert b"PRIVATE" not in folders.ca
