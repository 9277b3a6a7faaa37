"""``boothkit tickets issue --access``: access tokens, which pay one piece of an item each."""

import csv
import io
import secrets
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.commands._common import Box
from appliance.files import tickets as ticketfile
from appliance.ids import new_id

PIECE = 200


def issue(
    box: Box,
    sku: str,
    count: int,
    key: Ed25519PrivateKey,
    event: str,
    valid: dict[str, int | None],
    out: Path | None,
) -> None:
    """Sign new tokens and write their codes as CSV (code,sku). ``valid``: from and until, in Unix seconds."""
    said = {name: value for name, value in valid.items() if value is not None}
    codes = []
    with box.recorder() as send:
        for start in range(0, count, PIECE):
            ids = [secrets.token_hex(12) for _ in range(start, min(start + PIECE, count))]
            send("tokens.issue", {"for": sku, "tokens": ids, **said}, new_id("cli-"))
            codes += [
                ticketfile.access_code(
                    key, ident, event=event, sku=sku, valid_from=valid["valid_from"], valid_until=valid["valid_until"]
                )
                for ident in ids
            ]
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["code", "sku"])
    writer.writerows((code, sku) for code in codes)
    if out is None:
        sys.stdout.write(table.getvalue())
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(table.getvalue(), encoding="utf-8", newline="")
    box.out({"issued": count, "access": sku, "file": str(out)}, f"{count} tokens for {sku} written to {out}.")


def show(box: Box, token: str, known: dict[str, Any], *, revoked: bool) -> None:
    """What this box knows of a token."""
    answer = {"ticket": token, "known": True, "access": known["sku"], "sale": known["number"], "revoked": revoked}
    box.out(answer, "\n".join(f"{key}: {value}" for key, value in answer.items()))
