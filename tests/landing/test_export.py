"""The page as a static site: the same bytes each time, served by a real nginx under a sub-path, with links that end by
themselves."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from appliance import cli
from appliance.errors import DataError
from appliance.files.landing import links, tree
from appliance.files.landing.folder import read
from appliance.files.landing.source import compile_page
from appliance.projections.policy import Cleared
from tests.conftest import wait_until
from tests.landing.conftest import EXAMPLES, PAGE, Write, picture
from tests.watched import Watched, calm
from web.packs.export import MARKER, MOST, weights
from web.packs.export import tree as site

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
FIRST_FLIGHT = 14_600
"""Bytes that a server may send before it has heard from the phone again (RFC 6928): ten segments."""


def exported(name: str = "market", cleared: Cleared | None = None) -> dict[str, bytes]:
    """The files of an example's site."""
    made = compile_page(read(EXAMPLES / f"landing-{name}"))
    return site(made.content, made.pictures.get, cleared)


@pytest.mark.parametrize("name", ["market", "workshop"])
def test_the_same_page_is_the_same_tree_and_weighs_little(name: str) -> None:
    first = exported(name)
    assert first == exported(name)
    for page, (plain, packed) in weights(first).items():
        print(f"{name} {page}: {plain:,} bytes, {packed:,} compressed, without pictures")  # noqa: T201 - a measure, for who asks with -rP
        assert plain < MOST
        assert packed < FIRST_FLIGHT
    assert set(json.loads(first[MARKER])["files"]) == set(first) - {MARKER}


@pytest.mark.parametrize("name", ["market", "workshop"])
def test_nothing_in_it_leads_to_a_place_of_its_own_server_or_runs(name: str) -> None:
    for path, held in exported(name).items():
        if not path.endswith(".html"):
            continue
        text = held.decode()
        used = re.findall(r'(?:src|href)="([^"]*)"', text)
        for address in used:
            assert not address.startswith("/"), (path, address)
        assert 'src="http' not in text
        assert "url(" not in text
        assert ("<script" in text) == (path == "claim/index.html")
        for wanted in re.findall(r'(?:src|href)="((?:\.\./)*(?:assets/|[a-z]{2}/)[^"]*)"', text):
            place = (Path("/") / path).parent / wanted
            found = str(Path(*_normal(place))) + ("/index.html" if wanted.endswith("/") else "")
            assert found in exported(name), (path, wanted)


def _normal(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts[1:]:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return parts


def test_it_says_preview_until_it_is_cleared_and_by_whom_then() -> None:
    assert b"Preview" in exported()["en/index.html"]
    assert b"noindex" in exported()["en/index.html"]
    assert "Vorschau" in exported()["de/index.html"].decode()
    cleared = exported(cleared=Cleared("Signal team", 12, None))["de/index.html"].decode()
    assert "Vorschau" not in cleared
    assert "noindex" not in cleared
    assert "Von Signal team, Richtlinie 12" in cleared


def test_hosts_are_told_what_to_keep_for_ever_by_one_rule_for_each_path() -> None:
    rules = exported()["_headers"].decode()
    paths = [line for line in rules.splitlines() if line.startswith("/")]
    assert len(paths) == len(set(paths))
    assert "/assets/*\n  Cache-Control: public, max-age=31536000, immutable" in rules
    assert not [path for path in paths if path == "/*"]


def test_a_new_site_takes_the_old_ones_place_and_nothing_else_is_touched(tmp_path: Path) -> None:
    target = tmp_path / "site"
    tree.put(target, exported("market"), MARKER)
    tree.put(target, exported("workshop"), MARKER)
    found = {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == exported("workshop")
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    (target / MARKER).unlink()
    with pytest.raises(DataError, match="other files"):
        tree.put(target, exported("market"), MARKER)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(DataError, match="no folder"):
        tree.put(tmp_path / "link", exported("market"), MARKER)


def test_bunnys_own_vectors_come_out() -> None:
    """From BunnyWay/BunnyCDN.TokenAuthentication, e2e/vectors.json: "plain"; the token of "path_only" is for a folder
    that has no slash at its end, which no link of ours is."""
    found = links.signed("bunny", "https://token-tester.b-cdn.net/", "300kb.jpg", 1598024587, "SecurityKey")
    assert found == (
        "https://token-tester.b-cdn.net/300kb.jpg?token=HS256-o10JRWlsAItyAsdKS6jJKjabHN4FrFsplDHPV1idcX4"
        "&expires=1598024587"
    )
    assert links._bunny("/abc1598024587token_path=/abc", "SecurityKey") == (
        "HS256-uVZvT3SbEoVKYJyDJgbcsDmSFf73cv-uNUVaJiKWpbQ"
    )
    folder = links.signed("bunny", "https://x.b-cdn.net/drop", "", 1598024587, "SecurityKey")
    assert re.fullmatch(
        r"https://x\.b-cdn\.net/bcdn_token=HS256-[\w-]{43}&token_path=%2Fdrop%2F&expires=1598024587/drop/", folder
    )


@pytest.mark.parametrize("path", ["../x", "a/../../x", "//evil.example/", "en/?x=1", "en/#x", "é/", "a b"])
def test_a_path_that_is_none_gets_no_link(path: str) -> None:
    with pytest.raises(DataError):
        links.signed("nginx", "https://host.example/drop/", path, 1, "s" * 16)


def test_a_secret_that_others_can_read_is_not_used_and_never_said(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("S3cr3tS3cr3tS3cr3t\n")
    file.chmod(0o644)
    with pytest.raises(DataError) as caught:
        links.read_secret(file)
    assert "S3cr3t" not in f"{caught.value} {caught.value.remedy}"
    file.chmod(0o600)
    assert links.read_secret(file) == "S3cr3tS3cr3tS3cr3t"
    file.write_text("short")
    with pytest.raises(DataError) as caught:
        links.read_secret(file)
    assert "short" not in str(caught.value)


CONF = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; types {{ text/html html; image/webp webp; image/svg+xml svg; application/json json; }}
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location /shop/drop/assets/ {{ alias {folder}/site/assets/; expires max; }}
    location /shop/drop/claim/ {{ alias {folder}/site/claim/; }}
    location /shop/drop/ {{
      secure_link $arg_md5,$arg_expires;
      secure_link_md5 "$secure_link_expires$uri {secret}";
      if ($secure_link = "") {{ return 403; }}
      if ($secure_link = "0") {{ return 410; }}
      alias {folder}/site/;
    }}
    location /open/ {{ alias {folder}/site/; }}
  }}
}}
"""
SECRET = "a-secret-that-nginx-knows"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A site under /shop/drop/, for those with a link, and under /open/ for everybody."""
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed")
    tree.put(tmp_path / "site", exported(cleared=Cleared("Signal team", 12, None)), MARKER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    conf = tmp_path / "nginx.conf"
    conf.write_text(CONF.format(folder=tmp_path, port=port, secret=SECRET))
    tmp_path.chmod(0o755)
    process = subprocess.Popen([NGINX, "-c", str(conf), "-e", str(tmp_path / "error.log")])
    try:
        wait_until(lambda: _status(f"http://127.0.0.1:{port}/open/") == 200, "nginx serves")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _status(url: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_nginx_serves_a_good_link_and_neither_an_old_nor_a_forged_one(served: str) -> None:
    home, now = f"{served}/shop/drop/", int(time.time())
    for path in ("en/", "de/", ""):
        good = links.signed("nginx", home, path, now + 600, SECRET)
        assert _status(good) == 200
        assert _status(good.replace(str(now + 600), str(now + 6000))) == 403
        assert _status(good.split("?")[0]) == 403
        assert _status(links.signed("nginx", home, path, now - 10, SECRET)) == 410
        assert _status(links.signed("nginx", home, path, now + 600, "another-secret-than-that")) == 403
    other = links.signed("nginx", home, "en/", now + 600, SECRET).replace("/en/", "/de/")
    assert _status(other) == 403


def test_a_browser_shows_it_from_a_sub_path_and_asks_nobody_else(served: str, chromium: Browser, axe: str) -> None:
    link = links.signed("nginx", f"{served}/shop/drop/", "de/", int(time.time()) + 600, SECRET)
    for size in ((320, 640), (390, 844), (1280, 800)):
        for theme in ("light", "dark"):
            watched = Watched(chromium, served, viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
            page = watched.page
            page.goto(link)
            page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
            assert page.inner_text("h1") == "Abendmarkt am Kai"
            calm(page)
            assert page.evaluate(axe) == []
            page.goto(f"{served}/open/")
            page.click("text=Deutsch")
            assert page.url == f"{served}/open/de/"
            page.click("text=English")
            assert page.inner_text("h1") == "Quay Yard Evening Market"
            watched.close()
            assert watched.faults == []
            assert watched.elsewhere == []


def test_a_page_that_says_too_much_is_not_taken(write: Write, tmp_path: Path, capfd: Any) -> None:
    rows = "".join(
        f'[[maker]]\nname = "Maker {n}"\ntext = "{"a" * 390}"\nlink = "https://a.example/{"b" * 400}"\n'
        for n in range(60)
    )
    folder = write(PAGE + rows)
    with pytest.raises(SystemExit) as ended:
        cli.main(["landing", "import", str(folder), "--data", str(tmp_path / "box")])
    assert ended.value.code == 2
    assert "at most 60,000" in capfd.readouterr().err
    assert not (tmp_path / "box" / "landing").exists()


def test_import_is_all_or_nothing(write: Write, tmp_path: Path, capfd: Any) -> None:
    data = tmp_path / "box"
    data.mkdir()

    def run(*words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "--data", str(data)])
        return int(str(ended.value.code))

    folder = write(PAGE + '\npicture = { file = "a.jpg", alt = "A cup" }\n', a_jpg=picture())
    assert run("landing", "import", str(folder)) == 0
    held = {path: path.read_bytes() for path in (data / "landing").rglob("*") if path.is_file()}
    (folder / "story.md").write_text("[a](javascript:x)")
    assert run("landing", "import", str(folder)) == 2
    assert held == {path: path.read_bytes() for path in (data / "landing").rglob("*") if path.is_file()}
    assert run("landing", "digest") == 0
    assert run("landing", "remove") == 0
    assert run("landing", "export", str(tmp_path / "out")) == 2
    assert "plain page" in capfd.readouterr().err
