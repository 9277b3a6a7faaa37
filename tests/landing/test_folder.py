"""A page's folder is taken whole or not at all, whatever is in it, and nothing that runs comes through."""

import hashlib
import io
import os
import re
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from appliance.domain.landing import ENOUGH, contrast, readable_on
from appliance.errors import DataError
from appliance.files import tables
from appliance.files.landing import pictures, prose, store
from appliance.files.landing.folder import MOST_TEXT, read
from appliance.files.landing.source import Page, compile_page
from tests.landing.conftest import EXAMPLES, PAGE, Write, picture
from web.packs.prose import html

COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
TAGS = re.compile(
    r"</?(p|h3|h4|ul|ol|li|blockquote|hr|pre|strong|em|s|code|br)>|<a href=\"[^\"<>]*\" rel=\"noreferrer\">|</a>"
)
PICTURE = '\npicture = { file = "a.jpg", alt = "A cup" }\n'


def fault(folder: Path) -> str:
    """What is said of a folder that is not taken, and what to do."""
    with pytest.raises(DataError) as caught:
        compile_page(read(folder))
    return f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize("name", ["landing-market", "landing-workshop"])
def test_the_examples_in_the_documentation_are_pages(name: str) -> None:
    made = compile_page(read(EXAMPLES / name))
    assert made.content.languages == ("en", "de")
    assert {one.file for one in made.content.pictures()} == set(made.pictures)


def test_the_digest_is_what_sha256sum_says_and_changes_with_every_byte(write: Write) -> None:
    folder = write(story_de_md="Es war einmal.\n")
    first = read(folder).digest
    said = subprocess.run(
        ["sh", "-c", "LC_ALL=C sha256sum -- * | sha256sum"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    assert said.split()[0] == first
    (folder / "story.md").write_text("Once upon a time!\n")
    second = read(folder).digest
    (folder / "story.md").rename(folder / "story.en.md")
    assert len({first, second, read(folder).digest}) == 3


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (PAGE.replace('"market"', '"fair"'), ["pack", "'fair'"]),
        (PAGE + "\n[extra]\na = 1\n", ["unknown key 'extra'", "allowed are pack"]),
        (PAGE + '\n[[maker]]\nname = "A"\nlinks = "x"\n', ["unknown key 'links'", "name, text, link"]),
        (PAGE.replace("#17403d", "green"), ["colour", "'green'"]),
        (PAGE.replace(', de = "Kaimarkt"', ""), ["title", "de is missing"]),
        (PAGE.replace('text = "story"', 'text = "../../etc/passwd"'), ["section 'story'", "there is no"]),
        (PAGE.replace('name = "story"', 'name = "wares"'), ["built in"]),
        (PAGE.replace("title = { en", 'order = ["nothing"]\ntitle = { en', 1), ["there is no section 'nothing'"]),
        (PAGE + PICTURE.replace("a.jpg", "../a.jpg"), ["no such picture"]),
        (PAGE + '\nlink = { href = "javascript:alert(1)", words = "x" }\n', ["javascript:alert(1)", "mailto"]),
        (PAGE + '\nlink = { href = "/\\\\evil.example", words = "x" }\n', ["evil.example", "mailto"]),
        (PAGE + '\n[[programme]]\ntitle = "A\\u0007"\n', ["programme 1", "printable"]),
        (PAGE + f'\n[[programme]]\ntitle = "{"a" * 81}"\n', ["81 characters", "at most 80"]),
        (PAGE + '\n[[hours]]\nday = "Friday"\nopens = "25:00"\ncloses = "26:00"\n', ["opens", "25:00"]),
        ('pack = "market"\npack = "market"\n', ["line 2"]),
        ("a = [" * 3000, ["landing.toml"]),
    ],
)  # fmt: skip
def test_a_fault_names_file_and_place_what_was_found_and_what_to_do(write: Write, page: str, words: list[str]) -> None:
    said = fault(write(page))
    assert "landing.toml" in said
    for word in words:
        assert word in said


def test_a_byte_order_mark_and_crlf_are_fine(write: Write) -> None:
    folder = write(PAGE.replace("\n", "\r\n"))
    raw = (folder / "landing.toml").read_bytes()
    (folder / "landing.toml").write_bytes(b"\xef\xbb\xbf" + raw.replace(b"\r\r", b"\r"))
    assert compile_page(read(folder)).content.title["de"] == "Kaimarkt"


def test_a_link_a_pipe_a_folder_and_a_strange_name_have_no_place(write: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    folder = write()
    (folder / "linked.md").symlink_to(secret)
    assert "is a link" in fault(folder)
    (folder / "linked.md").unlink()
    os.mkfifo(folder / "pipe.md")
    assert "no file" in fault(folder)
    (folder / "pipe.md").unlink()
    (folder / "deep.md").mkdir()
    assert "no file" in fault(folder)
    (folder / "deep.md").rmdir()
    for name in ("Story.md", "a b.md", "x.svg", "x.html", "other.toml", "-x.md", "ä.md"):
        (folder / name).write_text("x")
        assert "no place" in fault(folder)
        (folder / name).unlink()
    assert compile_page(read(folder))


def test_what_nothing_names_is_said_and_what_is_too_large_too(write: Write) -> None:
    assert "names left.md" in fault(write(left_md="x"))
    assert "larger than 64 KiB" in fault(write(left_md="x" * (MOST_TEXT + 1)))


def test_bad_text_is_named_with_its_line(write: Write) -> None:
    assert "story.md, line 3" in fault(write(story_md=b"a\n\n\xff"))
    assert "story.md, line 2: link 'data:text/html,x'" in fault(write(story_md="\n[a](data:text/html,x)"))
    assert "story.md, line 1: a picture in the text" in fault(write(story_md="![a](https://evil.example/x.png)"))


def test_html_in_a_text_is_text(write: Write) -> None:
    hostile = (
        "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> **b** `<i>` &lt;u&gt; &#60;b&#62;\n\n    <pre>\n"
    )
    content = compile_page(read(write(story_md=hostile))).content
    shown = html(content.sections[0].prose["en"])
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert TAGS.sub("", shown).count("<") == 0


@settings(max_examples=300)
@given(st.text(max_size=400) | st.text(alphabet="*_`<>[]()!#&;:/\\\n -+1.ajvscript\"'", max_size=400))
def test_no_text_becomes_markup_of_its_own(text: str) -> None:
    try:
        nodes = prose.parse(text.encode(errors="surrogatepass"), Path("x.md"))
    except DataError:
        return
    left = TAGS.sub("", html(nodes))
    assert "<" not in left
    assert ">" not in left
    for href in re.findall(r'href="([^"]*)"', html(nodes)):
        assert re.match(r"(https?://|mailto:|[A-Za-z0-9#])", href)
        assert not re.match(r"(?i)\s*(javascript|data|vbscript|file):", href)


@settings(max_examples=200)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="ignore")))
def test_any_bytes_as_a_page_are_a_page_or_a_fault(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "landing.toml").write_bytes(raw)
    with pytest.raises(DataError):  # it needs pack and languages
        compile_page(read(folder))


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["en", "de", "market", "#123456"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["en", "de", "file", "alt", "name"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(
    key=st.sampled_from(["title", "order", "titles", "section", "programme", "maker", "hours", "picture", "languages"]),
    value=_VALUES,
)
def test_any_value_of_any_key_is_taken_or_named(key: str, value: Any) -> None:
    tables_ = {"pack": "market", "languages": ["en"], key: value}
    said = "landing.toml: "
    try:
        tables.convert(Path("landing.toml"), tables_, Page)
    except DataError as error:
        said = str(error)
    assert said.startswith("landing.toml: ")


def test_a_picture_is_made_anew_without_where_and_by_what_it_was_taken(write: Write) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    raw = picture(exif=exif, comment=b"SecretNote", icc_profile=b"x" * 200)
    assert b"SecretCamera" in raw
    made = compile_page(read(write(PAGE + PICTURE, a_jpg=raw)))
    [(name, content)] = made.pictures.items()
    assert (made.content.sections[0].picture.width, made.content.sections[0].picture.height) == (200, 320)  # type: ignore[union-attr]
    assert name == f"{hashlib.sha256(content).hexdigest()[:20]}.webp"
    assert b"Secret" not in content
    assert b"EXIF" not in content
    assert b"ICCP" not in content


def test_a_large_picture_becomes_small_and_keeps_its_shape() -> None:
    made = pictures.make(picture(size=(4000, 3000), quality=95), Path("a.jpg"))
    assert (made.width, made.height) == (1200, 900)
    assert len(made.content) <= pictures.MOST_BYTES
    out = io.BytesIO()
    Image.effect_noise((1600, 1200), 120).convert("RGB").save(out, "PNG")
    assert len(pictures.make(out.getvalue(), Path("a.png")).content) <= pictures.MOST_BYTES


def _bomb(side: int) -> bytes:
    """A PNG of side × side black pixels that is small on disk."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(side + 1)) for _ in range(min(side, 2000))) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "raw",
    [
        _bomb(60_000),
        _bomb(9_000),
        b"",
        b"GIF89a" + bytes(50),
        b"<svg onload='alert(1)'/>",
        picture()[:200],
        picture("GIF"),
    ],
)
def test_a_bomb_and_what_is_no_picture_are_not_opened(write: Write, raw: bytes) -> None:
    said = fault(write(PAGE + PICTURE, a_jpg=raw))
    assert "a.jpg" in said


@given(raw=st.binary(max_size=600), cut=st.integers(0, 400), flip=st.integers(0, 400))
@settings(max_examples=150)
def test_any_bytes_as_a_picture_are_one_or_a_fault(raw: bytes, cut: int, flip: int) -> None:
    good = bytearray(_GOOD)
    good[flip % len(good)] ^= 0xFF
    for one in (raw, bytes(good), bytes(good[: len(good) - cut])):
        try:
            made = pictures.make(one, Path("a.jpg"))
        except DataError:
            continue
        assert made.content[:4] == b"RIFF"


_GOOD = picture(size=(40, 30))


@given(COLOURS, COLOURS | st.just(""))
def test_what_is_written_on_a_colour_can_be_read(colour: str, wished: str) -> None:
    assert contrast(readable_on(colour, wished), colour) >= ENOUGH


def test_a_colour_that_can_be_read_is_kept_as_wished() -> None:
    assert readable_on("#17403d", "#fbf3e2") == "#fbf3e2"
    assert readable_on("#17403d", "#204c48") == "#fffdf8"
    assert round(contrast("#000000", "#ffffff"), 2) == 21


def test_a_page_that_was_edited_on_the_card_is_not_shown(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "landing"
    assert store.load(folder) is None
    made = compile_page(read(write(PAGE + PICTURE, a_jpg=picture())))
    store.write(folder, made)
    assert store.load(folder) == made.content
    [name] = made.pictures
    held = (folder / "pictures" / name).read_bytes()
    (folder / "pictures" / name).write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
    with pytest.raises(DataError, match="picture"):
        store.load(folder)
    store.write(folder, made)
    raw = (folder / "page.json").read_bytes()
    (folder / "page.json").write_bytes(raw.replace(b"Quay Market", b"Free Coffee"))
    with pytest.raises(DataError, match="changed since"):
        store.load(folder)
    for cut in (0, 10, len(raw) // 2, len(raw) - 1):
        (folder / "page.json").write_bytes(raw[:cut])
        with pytest.raises(DataError):
            store.load(folder)


def test_an_import_leaves_the_old_pictures_until_the_page_is_there_and_then_sweeps_them(
    write: Write, tmp_path: Path
) -> None:
    folder = tmp_path / "landing"
    store.write(folder, compile_page(read(write(PAGE + PICTURE, a_jpg=picture()))))
    second = compile_page(read(write(PAGE + PICTURE, a_jpg=picture(size=(90, 60)))))
    store.write(folder, second)
    assert {path.name for path in (folder / "pictures").iterdir()} == set(second.pictures)
    assert (folder / "page.json").stat().st_mode & 0o777 == 0o644
