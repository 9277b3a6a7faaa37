"""The words that guests agree to have a version, and no word changes without a new one."""

from pathlib import Path

from appliance.domain import consent
from appliance.language import LANGUAGES, language

PAGE = Path(__file__).parents[2] / "docs" / "consent.md"


def test_the_words_of_the_present_version_are_kept_in_every_language() -> None:
    page = PAGE.read_text(encoding="utf-8")
    [section] = [part for part in page.split("\n## Version ")[1:] if part.startswith(f"{consent.VERSION}\n")]
    lines = {line.removeprefix("> ").removeprefix("- ") for line in section.splitlines() if line.startswith("> ")}
    words = {language(name).gettext(text) for name in LANGUAGES for text in (consent.YES, *consent.KEPT)}
    assert lines == words, "these words changed: give them a new version, here and in docs/consent.md"
