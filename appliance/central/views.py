"""The views that BI tools read: names begin with ``v_``, columns are in docs/reference/central.md. They add up what
`rollups` counts, so that none of them reads a fact's body."""


def _sum(*names: str) -> str:
    return ", ".join(f"CAST(sum(h.{name}) AS BIGINT) AS {name}" for name in names)


def _by_hour(view: str, table: str, keys: str, *sums: str) -> str:
    """All logs of a box in one row an hour."""
    grouped = ", ".join(f"h.{key}" for key in keys.split())
    return (
        f"CREATE VIEW {view} AS SELECT l.cell, l.box, h.event, h.hour, {grouped}, {_sum(*sums)} "  # noqa: S608 - ours
        f"FROM {table} h JOIN log l ON l.id = h.log_id GROUP BY l.cell, l.box, h.event, h.hour, {grouped};\n"
    )


_STATES = """
CREATE VIEW v_boxes AS SELECT b.cell, b.box, b.online, b.seen_ms, b.position, b.safe, b.event, e.name AS event_name,
  b.version, b.clock, p.soc_permille, p.at AS power_at,
  (SELECT max(l.log) FROM log l WHERE l.cell = b.cell AND l.box = b.box) AS log
  FROM box b LEFT JOIN event e ON e.cell = b.cell AND e.box = b.box AND e.event = b.event
  LEFT JOIN power p ON p.cell = b.cell AND p.box = b.box;
CREATE VIEW v_events AS
  SELECT cell, box, event, name, currency, timezone, area_m2, created, opened, closed FROM event;
CREATE VIEW v_devices AS SELECT cell, box, device, kind, state, reason, at FROM device;
CREATE VIEW v_power AS SELECT cell, box, at, soc_permille, mv, ma, pv_mw, load_mw FROM power;
CREATE VIEW v_facts AS SELECT l.cell, l.box, l.log, f.seq, f.id, f.kind, f.at_ms AS received_ms, f.body
  FROM fact f JOIN log l ON l.id = f.log_id;
CREATE VIEW v_double_admissions AS SELECT d.event, d.ticket, d.list, d.first_cell, d.first_box, d.first_gate,
  d.first_at, d.cell, d.box, d.gate, d.at, d.found_ms
  FROM doubled d JOIN entry_list n ON n.event = d.event AND n.list = d.list WHERE n.entry = 'single';
"""

_ATTENDANCE = """
CREATE VIEW v_attendance AS
  SELECT cell, box, event, hour, 'footfall' AS source, CAST(sum(entries) AS BIGINT) AS entries,
    CAST(sum(exits) AS BIGINT) AS exits
  FROM v_crossings GROUP BY cell, box, event, hour
  UNION ALL
  SELECT d.cell, d.box, d.event, d.hour, 'admissions' AS source, CAST(sum(d.admitted) AS BIGINT) AS entries,
    CAST(sum(d.exited) AS BIGINT) AS exits
  FROM v_door d WHERE d.admitted + d.exited > 0 AND NOT EXISTS (
    SELECT 1 FROM hour_crossing h JOIN log l ON l.id = h.log_id
    WHERE l.cell = d.cell AND l.box = d.box AND h.event = d.event)
  GROUP BY d.cell, d.box, d.event, d.hour;
"""

VIEWS = "".join(
    (
        _STATES,
        _by_hour("v_sales", "hour_sales", "currency", "sales", "gross", "net", "tax"),
        _by_hour("v_tax", "hour_tax", "currency rate", "net", "tax", "gross"),
        _by_hour("v_tenders", "hour_tender", "currency tender", "tenders", "amount"),
        _by_hour("v_items", "hour_item", "currency sku unit", "qty", "gross"),
        _by_hour("v_door", "hour_door", "list", "admitted", "exited", "refused"),
        _by_hour("v_crossings", "hour_crossing", "line", "entries", "exits"),
        _ATTENDANCE,
    )
)
