"""The reference consumer: facts of all boxes in, receipts and cosignatures out.

SQL stays in `store` and `view`, paho-mqtt in `subscriber`; what is decided in between knows neither.
"""
