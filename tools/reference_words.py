"""What the reference says about names whose meaning no docstring holds. Tests compare the names with the code."""

ENVIRONMENT = {
    "BOOTHKIT_CENTRAL_DSN": "Central's PostgreSQL, as libpq names it; empty = SQLite in the data folder.",
    "BOOTHKIT_CENTRAL_KEY": "Central's verifier key; overrides `[central] key`.",
    "BOOTHKIT_CONFIG": "The configuration file, as `--config`.",
    "BOOTHKIT_DATA": "The data folder, as `--data`.",
    "BOOTHKIT_LOG": "`debug`: workers log debug events too.",
    "BOOTHKIT_MQTT": "`host:port` of the broker; overrides `[mqtt] broker`, and is `--mqtt` of `central serve`.",
    "BOOTHKIT_RUN": (
        "The run folder (sockets, status board). Default: `/run/boothkit` for `/var/lib/boothkit`, else a folder in "
        "the temporary folder whose name comes from the data folder's path."
    ),
}
"""Variable → what it does."""

OPERATION_WORDS = {
    "backup.key": (
        "`key`: text of backup.pub, or empty",
        "Has later backups sealed for this key; empty asks for the fingerprint of the present one, empty = none.",
    ),
    "checkpoint.cosign": ("`note`: text", "Keeps central's cosigned copy of one of this box's checkpoints."),
    "checkpoint.request": ("none", "Signs the tree head when facts came since the last checkpoint."),
    "follower.advance": (
        "`follower`: text, `pos`: integer",
        "Moves a follower's position forward; the actor must be `device:<follower>`.",
    ),
    "guest.about": (
        "`code`: text, `device`: text",
        "All that is kept of the guest who has this claim code, or `claim-code`; wrong ones are `throttled` by device.",
    ),
    "guest.vouchers": (
        "`code`: text, `device`: text",
        "What the QR says of each voucher of that guest that still pays: `codes`, by the voucher's id.",
    ),
    "guest.whose": (
        "`code`: text, `device`: text",
        "The same, without what is personal: `guest`, `at`, `event`.",
    ),
    "hello": ("none", "Says who answers: `box`, `log`, `pos`."),
    "receipt.link": ("`sale`: text", "The address of a sale's receipt, signed: `url`."),
    "site.heard": (
        "`note`: text",
        "What another box signed of how things are there: `box`, `state`; else `bad-passage`.",
    ),
    "site.sign": (
        "`log`, `first`, `last`: integers",
        "Signs these facts of this box for the other boxes of the site: `note` (docs/site.md).",
    ),
    "site.state": (
        "none",
        "How things are on this box, signed for the others: `note`.",
    ),
    "ticket.code": ("`ticket`: text", "What the QR of a ticket says that this box issued: `code`, the same each time."),
    "ticket.ids": (
        "`key`: text",
        "Names plain tickets as another box of the site does, before any are known: `changed`.",
    ),
    "uplink.receipt": (
        "`note`: text",
        "Moves the safe mark when central's signature, the origin and the root are right, else refuses: `bad-receipt`.",
    ),
}
"""Operation of the recorder → its data, what it does."""

TOPIC_WORDS: dict[str, tuple[str, int, bool, str]] = {
    "facts": (
        "box",
        1,
        False,
        (
            "`application/cloudevents-batch+json`: 1 to 100 CloudEvents 1.0; `data` is the stored body, byte for byte; "
            "with `[mqtt] compress` in the zlib format, and the user property `content-encoding` is `deflate`"
        ),
    ),
    "checkpoint": ("box", 1, True, "the newest checkpoint note"),
    "status": ("box", 1, True, "`online, version, log, position, safe, event, clock, key`; also the last will"),
    "live/attendance": ("box", 0, True, "as `attendance` of `GET /api/v1/kpis`"),
    "live/sales": ("box", 0, True, "as `sales` of `GET /api/v1/kpis`, and `today: count, gross, since`"),
    "live/power": ("box", 0, True, "the newest `power.sampled/1` with `pos` and `at`"),
    "live/devices": ("box", 0, True, "by device: `kind, state, reason, since`"),
    "backup": (
        "box",
        1,
        False,
        "a piece of a sealed backup: one line of JSON, `at, sha256, size`, then at most 48 KiB from offset `at` on",
    ),
    "kept": ("central", 1, True, "a note by central's key: how much of which backup it holds"),
    "receipt": ("central", 1, True, "a note by central's key: how many facts of a log it holds, and their root"),
    "cosigned": ("central", 1, True, "the newest checkpoint with central's witness line"),
    "site": ("site", 1, True, "on the site's broker: a note with people inside and what is left ([site](../site.md))"),
    "have": ("site", 1, True, "on the site's broker: how far the other boxes were heard; empty as last will"),
    "down/policy": ("central", 1, True, "the newest policy for the box: a signed bundle; empty when it is taken back"),
}
"""Topic below the box's prefix → sender, QoS, retained, payload."""

VIEW_WORDS = {
    "till assets.file": "Styles, icons and scripts.",
    "portal assets.file": "Styles, icons and scripts.",
    "bench assets.file": "Styles, icons and scripts.",
    "central assets.file": "Styles, icons and scripts.",
    "central page": "The page for people.",
}
"""App and endpoint → what it answers, for views without a docstring."""
