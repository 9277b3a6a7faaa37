"""Where the broker is, who we are there, and what proves it. Files are read at each attempt: they may change."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


class Expired(Exception):
    """Our own certificate is no longer valid, by the clock of this box."""

    def __init__(self, file: str, ends: datetime) -> None:
        super().__init__(f"{file}: this certificate was valid until {ends:%Y-%m-%d %H:%M} UTC")


@dataclass(frozen=True)
class Address:
    """The ``[mqtt]`` table, resolved. TLS as soon as ``ca`` is named."""

    host: str
    port: int
    client_id: str
    user: str = ""
    password_file: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def broker(self) -> str:
        """``host:port`` for people."""
        return f"{self.host}:{self.port}"

    def password(self) -> str | None:
        """The first line of the password file; None without a file. OSError, UnicodeDecodeError."""
        if not self.password_file:
            return None
        lines = Path(self.password_file).read_text().splitlines()
        return lines[0] if lines else ""

    def tls(self) -> ssl.SSLContext | None:
        """TLS that trusts the given authority alone, with our certificate when there is one. OSError,
        ssl.SSLError (also for a key with a passphrase, which nobody is there to type), Expired."""
        if not self.ca:
            return None
        for path in filter(None, (self.ca, self.cert, self.key)):
            open(path, "rb").close()  # OpenSSL's own error would not say which file is missing
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert:
            context.load_cert_chain(self.cert, self.key or None, password="")
            _check_expiry(Path(self.cert))
        return context


def _check_expiry(path: Path) -> None:
    """A broker says nothing of why it hangs up on a certificate; its date does."""
    from cryptography import x509

    ends = min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(path.read_bytes()))
    if ends < datetime.now(UTC):
        raise Expired(str(path), ends)
