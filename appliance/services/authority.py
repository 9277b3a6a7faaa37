"""The box's own certificate authority: a key that signs for the box's names and for nothing else.

KEPT/authority.pem (mode 0600): the authority's key and certificate, made once, so that what devices installed stays
good. PKI/ca.pem: its certificate, for everybody. PKI/leaf.pem (mode 0640): key and certificate of the listener, one
file, because a file is replaced in one piece and a pair of files is not.

The clock of a box may be far behind and is hardly ever ahead (a Pi's stands still while it is off). So the authority's
time is fixed and long, and a certificate is good for 397 days of which 30 lie behind and 367 ahead; it is made anew
when it is a month old, or when the clock was set to before it.
"""

import hashlib
import ipaddress
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance import log
from appliance.durable import write_durably

logger = log.get("https")

_AHEAD = timedelta(days=367)
_BEHIND = timedelta(days=30)  # with it 397 days, more than which browsers do not take
_FROM, _UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
_LARGEST = 64 * 1024


@dataclass(frozen=True)
class _Pair:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def lay(kept: Path, pki: Path, wanted: Iterable[str], now: datetime) -> None:
    """See that the authority is in ``kept``, and a certificate for ``wanted`` in ``pki``. Again changes nothing, until
    a month has passed. OSError: a folder cannot be written."""
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    pki.mkdir(mode=0o750, parents=True, exist_ok=True)
    wanted = tuple(wanted)
    # Earlier than this program was installed it cannot be, whatever the clock says.
    now = max(now, datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC))
    authority = _read(kept / "authority.pem")
    if authority is None or not _permits(authority.certificate, wanted):
        if authority is not None:
            logger.warning("authority.renewed", why="new names: every device has to install its certificate")
        authority = _authority(wanted)
        write_durably(kept / "authority.pem", _pem(authority), 0o600)
    shown = authority.certificate.public_bytes(serialization.Encoding.PEM)
    if _content(pki / "ca.pem") != shown:
        write_durably(pki / "ca.pem", shown, 0o644)
    leaf = _read(pki / "leaf.pem")
    if leaf is None or not _fits(leaf.certificate, authority, wanted, now):
        write_durably(pki / "leaf.pem", _pem(_leaf(authority, wanted, now)), 0o640)
        logger.info("certificate.issued", names=" ".join(wanted), until=(now + _AHEAD).date().isoformat())


def _content(path: Path) -> bytes:
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            return file.read(_LARGEST)
    return b""


def _read(path: Path) -> _Pair | None:
    """None: not there, or not whole."""
    content = _content(path)
    try:
        key = serialization.load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except ValueError:
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return _Pair(key, certificate)


def _pem(pair: _Pair) -> bytes:
    key = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key + pair.certificate.public_bytes(serialization.Encoding.PEM)


def _general(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _subtree(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_network(name))
    return x509.DNSName(name)


def _authority(wanted: tuple[str, ...]) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    # Two boxes are two entries in a device's list, and each is told by its name.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Boothkit"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Boothkit {hashlib.sha256(spki).hexdigest()[:8].upper()}"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    permitted = [_subtree(one) for one in wanted]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Pair(key, certificate)


def _leaf(authority: _Pair, wanted: tuple[str, ...], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    issuer = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted[0])]))
        .issuer_name(authority.certificate.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEHIND)
        .not_valid_after(now + _AHEAD)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in wanted]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _Pair(key, certificate)


def _permits(certificate: x509.Certificate, wanted: tuple[str, ...]) -> bool:
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    return {_subtree(one) for one in wanted} <= set(constraints.permitted_subtrees or ())


def _fits(leaf: x509.Certificate, authority: _Pair, wanted: tuple[str, ...], now: datetime) -> bool:
    """Signed by this authority, for these names, not a month old, and not from a time that is still to come."""
    try:
        leaf.verify_directly_issued_by(authority.certificate)
        said = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    issued = leaf.not_valid_before_utc + _BEHIND
    return set(said) == {_general(one) for one in wanted} and issued - _BEHIND <= now <= issued + _BEHIND
