"""The reference consumer: facts of all boxes in, receipts and cosignatures out.

`database` is the only door to SQL engines (`sqlite`, `postgres`; one dialect, `schema`, `views`), paho-mqtt stays in
`subscriber`; what is decided in between knows neither.
"""
