"""What can be found out about a receipt, in words: one table for the command line and for the portal's page."""

Details = dict[str, str | int]

_AT_A_TILL = "Show the paper at a till: staff look the sale up by its number and time."

WORDS: dict[str, tuple[str, str]] = {
    # slug: what was found, what the person can do
    "promised": ("{origin} signed it. That it stands in the box's book is promised; no proof of that was given.", ""),
    "proved": ("It is fact {seq} of the {size} in the book {origin}, sealed by the box's signature.", ""),
    "witnessed": ("{name} cosigned that book on {time}.", ""),
    "unwitnessed": ("No witness whose key is known here has cosigned that book.", ""),
    "vouched": ("The box's key stands in the first fact of a book that {name} cosigned.", ""),
    "unvouched": (
        "All of it fits together, but the key came along with the receipt, and anybody can make a key.",
        "Compare the fingerprint of {name} with the poster at the stall: {fingerprint}",
    ),
    "nothing": ("There is no receipt here.", "Give the link or the code of a receipt, or its proof file."),
    "stray": (
        "This is no receipt's link or code, no proof and no key.",
        "Scan the code on the paper again, or choose the file that was kept.",
    ),
    "several": ("These are several receipts.", "Check them one by one."),
    "long": ("This is far longer than a receipt with its proof.", "Give one receipt only."),
    "cut": (
        "This is not a whole receipt: a part is missing, or was changed on the way.",
        "Scan the code on the paper again, flat and in good light; an address that was typed or passed on may be cut.",
    ),
    "other": ("This is a code, but not that of a receipt.", "Scan the code at the end of the paper receipt."),
    "claims": ("This is a receipt's code, but it does not say what a box writes there.", "Do not rely on it."),
    "bad-key": (
        "A verifier key is damaged: its parts do not belong together.",
        "Copy it again, whole: name, plus sign, eight digits, plus sign, key.",
    ),
    "bad-trust": (
        "What you trust is neither a verifier key nor a fingerprint.",
        "A fingerprint has 32 digits from 0 to f; a verifier key is name, plus sign, eight digits, plus sign, key.",
    ),
    "unknown": (
        "It says that {origin} signed it, and nobody who is trusted here vouches for a key of that box.",
        "Give the box's verifier key; or central's, with what the portal's receipt page hands to its check.",
    ),
    "imposter": ("It says that {origin} signed it, but another key did.", "Do not rely on it."),
    "forged": ("The signature does not fit what the receipt says.", f"Do not rely on it. {_AT_A_TILL}"),
    "absent": (
        "The signature is right, but the box's book holds no such sale.",
        _AT_A_TILL,
    ),
    "proof-bare": ("The proof does not say of which receipt it is.", "Give the receipt's link or code with it."),
    "proof-broken": ("The proof is not whole, or was changed on the way.", "Keep it again from the receipt's page."),
    "proof-receipt": ("The proof is that of another receipt.", "Give the receipt with its own proof, or alone."),
    "proof-place": (
        "The proof is about fact {found}; this receipt is fact {seq}.",
        "Give the receipt with its own proof, or alone.",
    ),
    "proof-book": (
        "The proof is about another book, {found}; this receipt belongs to {origin}.",
        "Give the receipt with its own proof, or alone.",
    ),
    "proof-unsigned": ("{origin} has not signed the proof's checkpoint.", "Keep it again from the receipt's page."),
    "proof-forged": ("The signature of {name} does not fit the proof's checkpoint.", "Do not rely on it."),
    "proof-path": (
        "The proof does not lead from this receipt to the signed root: this receipt is not in that book.",
        "Do not rely on it.",
    ),
    "items": (
        "The items that came along are not those that this receipt vouches for.",
        "Do not rely on them. Give the receipt's link or proof alone.",
    ),
    "key-proof": ("The proof of the box's key is not right.", "Give the box's verifier key instead."),
}
"""Every finding. ``{…}`` are its details."""


def told(slug: str, details: Details) -> tuple[str, str]:
    """The words for a finding: what was found, what to do (empty when there is nothing to do)."""
    why, remedy = WORDS[slug]
    return why.format_map(details), remedy.format_map(details)
