"""Discovery for Home Assistant (its MQTT integration, "MQTT Discovery"): sensors that read the topics below `live/`."""

import json
from functools import lru_cache
from typing import Any

PREFIX = "homeassistant"


@lru_cache(maxsize=1)
def discovery(box: str, prefix: str, version: str, currency: str) -> tuple[tuple[str, bytes], ...]:
    """Topic and payload of each sensor, to be retained. ``prefix``: that of the box's own topics; ``currency``: ISO
    4217, empty before the first event."""
    from babel.numbers import get_currency_precision

    digits = get_currency_precision(currency) if currency else 2
    money = f"{{{{ value_json.today.gross / {10**digits} }}}}"
    sensors: dict[str, tuple[str, str, str, dict[str, Any]]] = {
        "attendance": ("Attendance", "attendance", "{{ value_json.in }}", {"state_class": "total_increasing"}),
        "occupancy": ("Occupancy", "attendance", "{{ value_json.occupancy }}", {"state_class": "measurement"}),
        "sales_today": (
            "Sales today",
            "sales",
            money,
            {"device_class": "monetary", "state_class": "total"}
            | ({"unit_of_measurement": currency} if currency else {}),
        ),
        "state_of_charge": (
            "State of charge",
            "power",
            "{{ value_json.soc_permille / 10 if value_json.soc_permille is number else None }}",
            {"device_class": "battery", "state_class": "measurement", "unit_of_measurement": "%"},
        ),
    }
    device = {
        "identifiers": [f"boothkit_{box}"],
        "name": f"Boothkit {box}",
        "manufacturer": "Boothkit",
        "sw_version": version,
    }
    found = []
    for key, (name, subject, template, more) in sensors.items():
        config = {
            "name": name,
            "unique_id": f"boothkit_{box}_{key}",
            "object_id": f"boothkit_{box}_{key}",
            "state_topic": f"{prefix}/live/{subject}",
            "value_template": template,
            "availability_topic": f"{prefix}/status",
            "availability_template": "{{ 'online' if value_json.online else 'offline' }}",
            "device": device,
            "origin": {"name": "boothkit", "sw_version": version},
            **more,
        }
        payload = json.dumps(config, separators=(",", ":"), ensure_ascii=False).encode()
        found.append((f"{PREFIX}/sensor/boothkit_{box}/{key}/config", payload))
    return tuple(found)
