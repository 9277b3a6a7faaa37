"""The two databases that are not the journal: people.db (erasable) and secrets.db (hashes of PINs and tokens)."""
