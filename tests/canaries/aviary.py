"""The canaries: one for each place, so that one that is found says where it came from."""

from dataclasses import dataclass, field

from tests.canaries.forms import Found, excerpts, search
from tests.canaries.inventory import PLACES

STEM = "Zilpzalp"
"""Every canary that is a text begins with it; nothing of ours does."""

WAGTAIL = "Bachstelze"
"""The same for what is public: where the others must not be, this one shows that there was something to find."""


@dataclass
class Aviary:
    """What was put where. ``own``: canaries in an alphabet that has no room for the stem, by their text."""

    marks: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)

    def word(self, place: str) -> str:
        """Letters and digits only. KeyError: the inventory has no such place."""
        assert PLACES[place]
        mark = f"{STEM}{len(self.marks):04}"
        self.marks[mark] = place
        return mark

    def text(self, place: str) -> str:
        """A name as people have them."""
        return f"{self.word(place)} Zoë Ünal"

    def mail(self, place: str) -> str:
        """At most 40 characters, and more than a label."""
        return f"{self.word(place)}.zoe@example.org"

    def sentence(self, place: str) -> str:
        """What somebody writes into a field that is meant for something else."""
        return f"{self.word(place)}: Zoë Ünal, born on 29.02.1996, was sent away because of her brother."

    def exactly(self, place: str, text: str) -> str:
        """A canary of another alphabet: digits, hexadecimal digits, what the box itself has drawn."""
        assert PLACES[place]
        self.own[text] = place
        return text

    def places(self) -> set[str]:
        """Where one was put."""
        return {*self.marks.values(), *self.own.values()}

    def seen_in(self, content: bytes) -> list[str]:
        """Which canaries are in ``content``, and how, for a person to read."""
        found = search(content, self.own)
        if stems := search(content, [STEM]):
            found += search(excerpts(content, STEM), self.marks) or stems
        first: dict[str, Found] = {}
        for one in found:
            first.setdefault(one.looked_for, one)
        known = {**self.marks, **self.own, STEM: "not to be told"}
        return [f"{known[text]} ({text}, {one.form}): …{one.around!r}…" for text, one in sorted(first.items())]
