"""Requests that no browser sends: each has a clear answer or none, and the next guest has theirs."""

import re
from collections.abc import Iterator

import pytest

from tests.hostile.booth import Booth

ENDS = b"Connection: close\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: box\r\n"
POST = b"POST /signup HTTP/1.1\r\nHost: box\r\nContent-Type: application/x-www-form-urlencoded\r\n"

REFUSED = {
    "a negative length": POST + b"Content-Length: -1\r\n" + ENDS + b"name=x",
    "a length with a sign": POST + b"Content-Length: +6\r\n" + ENDS + b"name=x",
    "a length in hexadecimal": POST + b"Content-Length: 0x6\r\n" + ENDS + b"name=x",
    "two lengths": POST + b"Content-Length: 6\r\nContent-Length: 60\r\n" + ENDS + b"name=x",
    "a list of lengths": POST + b"Content-Length: 6, 60\r\n" + ENDS + b"name=x",
    "a gigabyte": POST + b"Content-Length: 1073741824\r\n" + ENDS,
    "more digits than a number has": POST + b"Content-Length: " + b"9" * 400 + b"\r\n" + ENDS,
    "a strange encoding": POST + b"Transfer-Encoding: gzip, chunked\r\n" + ENDS + b"0\r\n\r\n",
    "an encoding with a tab": POST + b"Transfer-Encoding:\x0bchunked\r\n" + ENDS + b"0\r\n\r\n",
    "chunks of no length": POST + b"Transfer-Encoding: chunked\r\n" + ENDS + b"zz\r\n\r\n",
    "a chunk of less than nothing": POST + b"Transfer-Encoding: chunked\r\n" + ENDS + b"-5\r\nhello\r\n0\r\n\r\n",
    "a head of 40 kB": HEAD + b"X-Much: " + b"a" * 40_000 + b"\r\n" + ENDS,
    "ten thousand headers": HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(10_000)) + ENDS,
    "an address of 40 kB": b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "a header without a name": HEAD + b": nothing\r\n" + ENDS,
    "a null in a header": HEAD + b"X-Null: a\x00b\r\n" + ENDS,
    "a bare carriage return": HEAD + b"X-Bare: a\rSet-Cookie: b=c\r\n" + ENDS,
    "a space before the colon": HEAD + b"Content-Length : 6\r\n" + ENDS,
    "no such version": b"GET / HTTP/9.9x\r\nHost: box\r\n" + ENDS,
    "a secure greeting": bytes.fromhex("16030100f8010000f40303") + b"\x00" * 64 + b"\r\n\r\n",
    "the second version's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method that there is not": b"BREW / HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "a tunnel": b"CONNECT box:22 HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "a trace": b"TRACE / HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "a way out of the folder": b"GET /static/../../../../etc/passwd HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "the same, encoded": b"GET /static/x/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "bytes that are no text": b"GET /%ff%fe%00 HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "a body that is no text": POST.replace(b"signup", b"api/v1/signup")
    + b"Content-Length: 4\r\n"
    + ENDS
    + b"\xff\xfe\x00{",
}
ANSWERED = {
    "a cookie twice": HEAD + b"Cookie: bk_claim=AAAAA-AAAAA; bk_claim=BBBBB-BBBBB\r\n" + ENDS,
    "two lines of cookies": HEAD + b"Cookie: bk_claim=AAAAA\r\nCookie: bk_staff=1\r\n" + ENDS,
    "a cookie of 20 kB": HEAD + b"Cookie: bk_claim=" + b"A" * 20_000 + b"\r\n" + ENDS,
    "a cookie that is no text": HEAD + b"Cookie: bk_claim=\xff\xfe\xc3\x28; \x80=\x81\r\n" + ENDS,
    "a cookie that never ends": HEAD + b'Cookie: bk_claim="AAAAA\\"\r\n' + ENDS,
    "ten thousand cookies": HEAD
    + b"Cookie: "
    + b"; ".join(b"%d=" % number for number in range(4_000))
    + b"\r\n"
    + ENDS,
    "somebody else's host": b"GET / HTTP/1.1\r\nHost: evil.example\r\n" + ENDS,
    "a host that is none": b'GET / HTTP/1.1\r\nHost: "><script>alert(1)</script>\r\n' + ENDS,
    "a host twice": b"GET / HTTP/1.1\r\nHost: box\r\nHost: evil.example\r\n" + ENDS,
    "no host": b"GET / HTTP/1.0\r\n" + ENDS,
    "a whole address": b"GET http://evil.example/ HTTP/1.1\r\nHost: box\r\n" + ENDS,
    "forwarding": HEAD + b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=1\r\n" + ENDS,
    "languages without end": HEAD + b"Accept-Language: " + b"de;q=0.1," * 3_000 + b"\r\n" + ENDS,
    "a range of nothing": HEAD + b"Range: bytes=-0,9-1,5-5\r\n" + ENDS,
    "tags without end": HEAD + b"If-None-Match: " + b'W/"a",' * 4_000 + b"\r\n" + ENDS,
    "an upgrade": b"GET / HTTP/1.0\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "a folded header": HEAD + b"X-One: a\r\n b\r\n" + ENDS,
}


@pytest.fixture(scope="module", autouse=True)
def _afterwards(booth: Booth) -> Iterator[None]:
    yield
    booth.unharmed()


def heads(said: bytes) -> list[bytes]:
    """The status lines in what came back."""
    return re.findall(rb"^HTTP/1\.[01] (\d{3}) ", said, re.MULTILINE)


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused(booth: Booth, what: str) -> None:
    said = booth.raw(REFUSED[what])
    assert not said or [status[:1] for status in heads(said)] == [b"4"] or heads(said) == [b"501"], said[:2000]
    assert b"root:" not in said
    assert booth.guest("/").status == 200


@pytest.mark.parametrize("what", ANSWERED)
def test_it_is_the_same_page_or_a_refusal_and_nothing_of_it_comes_back(booth: Booth, what: str) -> None:
    said = booth.raw(ANSWERED[what])
    assert len(heads(said)) == 1, said[:2000]
    assert heads(said)[0] in (b"200", b"302", b"400", b"431"), said[:2000]
    for word in (b"evil.example", b"<script>alert", b"AAAAA", b"Set-Cookie: bk_staff"):
        assert word not in said
    assert booth.guest("/").status == 200


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 6\r\n",
        b"Content-Length: 6\r\nTransfer-Encoding : chunked\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n",
    ],
)
def test_no_second_request_is_smuggled_in_the_body_of_a_first(booth: Booth, lengths: bytes) -> None:
    inner = b"0\r\n\r\nGET /privacy HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n"
    said = booth.raw(POST + lengths + b"\r\n" + inner)
    assert len(heads(said)) == 1, said[:2000]
    assert heads(said)[0] in (b"400", b"422", b"501"), "the form's answer or none, never that of the second"


@pytest.mark.parametrize("path", ["/", "/signup", "/wallet", "/privacy", "/verify", "/r/", "/nothing/"])
@pytest.mark.parametrize("text", ["%0d%0aSet-Cookie:%20bk_staff=1", "%0aX:%20y", '"><script>alert(1)</script>'])
def test_no_header_and_no_markup_comes_in_by_an_address(booth: Booth, path: str, text: str) -> None:
    for target in (f"{path}{text}", f"{path}?code={text}&lang={text}&next={text}"):
        said = booth.raw(f"GET {target} HTTP/1.1\r\nHost: box\r\n".encode() + ENDS)
        head, _, body = said.partition(b"\r\n\r\n")
        assert len(heads(said)) == 1
        assert b"bk_staff" not in head
        assert b"\nX: y" not in head
        assert b"<script>alert" not in body
        assert not heads(said)[0].startswith(b"5")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "connectivitycheck.gstatic.com",
        "captive.apple.com",
        "box\t",
        "a" * 300,
        "[::1",
        "x:99999",
        "é",
        "a..b",
        "a" * 64,
        "-",
        "x:y",
    ],
)
@pytest.mark.parametrize("path", ["/generate_204", "/hotspot-detect.html", "/connecttest.txt", "//other.example/%2f.."])
def test_whatever_host_a_probe_names_nobody_is_sent_elsewhere(booth: Booth, host: str, path: str) -> None:
    said = booth.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n".encode() + ENDS)
    head = said.partition(b"\r\n\r\n")[0].decode()
    for place in re.findall(r"(?im)^location: (.*?)\r?$", head):
        assert re.match(r"http://(10\.77\.0\.1|box\.booth|127\.0\.0\.1)(:\d+)?(/|$)|/(?![/\\])", place), place
    assert "evil" not in said.decode()
    assert not heads(said)[0].startswith(b"5")


def test_chunks_without_end_and_lines_without_end_are_cut_off(booth: Booth) -> None:
    for start in (b"", b"1;"):
        said = booth.raw(
            POST + b"Transfer-Encoding: chunked\r\n\r\n" + start + b"5\r\nhello\r\n" * 10_000 + b"a" * 100_000
        )
        assert heads(said)[:1] in ([b"413"], [b"400"], []), said[:500]
