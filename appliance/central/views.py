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
CREATE VIEW v_times AS SELECT l.cell, l.box, l.log, u.seq, u.id, u.at,
  coalesce(t.estimate_ms + u.mono_ms, u.at_ms) AS estimate_ms, t.low_ms + u.mono_ms AS earliest_ms,
  CASE WHEN t.high_ms + u.mono_ms < u.at_ms OR t.estimate_ms + u.mono_ms > u.at_ms THEN t.high_ms + u.mono_ms
    ELSE u.at_ms END AS latest_ms, coalesce(t.how, 'open') AS how
  FROM untimed u JOIN log l ON l.id = u.log_id
  LEFT JOIN boot_time t ON t.cell = l.cell AND t.box = l.box AND t.boot = u.boot;
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

_DOORS = """
CREATE VIEW moved_when AS SELECT m.event, m.ticket, m.list, m.cell, m.box, m.gate, m.at, m.id, m.entered,
  coalesce(t.estimate_ms + m.mono_ms, m.wall_ms) AS when_ms, t.estimate_ms + m.mono_ms AS estimate_ms, m.at_ms
  FROM movement m LEFT JOIN boot_time t ON m.boot <> '' AND t.cell = m.cell AND t.box = m.box AND t.boot = m.boot
  WHERE EXISTS (SELECT 1 FROM movement x WHERE x.event = m.event AND x.ticket = m.ticket AND x.boot <> '');
CREATE VIEW doubled_untimed AS
  WITH stays AS (SELECT v.*,
      sum(1 - v.entered) OVER (PARTITION BY v.event, v.ticket ORDER BY v.when_ms, v.cell, v.box, v.id
        ROWS UNBOUNDED PRECEDING) AS stay,
      max(v.at_ms) OVER (PARTITION BY v.event, v.ticket) AS found_ms FROM moved_when v),
    entries AS (SELECT s.*, first_value(s.cell) OVER w AS first_cell, first_value(s.box) OVER w AS first_box,
      first_value(s.gate) OVER w AS first_gate, first_value(s.at) OVER w AS first_at,
      first_value(s.estimate_ms) OVER w AS first_estimate_ms FROM stays s WHERE s.entered = 1
      WINDOW w AS (PARTITION BY s.event, s.ticket, s.stay ORDER BY s.when_ms, s.cell, s.box, s.id)),
    doubles AS (SELECT e.*, row_number() OVER (PARTITION BY e.event, e.ticket
      ORDER BY e.when_ms, e.cell, e.box, e.id) AS nth FROM entries e
      WHERE e.cell <> e.first_cell OR e.box <> e.first_box)
  SELECT event, ticket, list, first_cell, first_box, first_gate, first_at, cell, box, gate, at, found_ms,
    first_estimate_ms, estimate_ms FROM doubles WHERE nth = 1;
CREATE VIEW v_double_admissions AS SELECT d.event, d.ticket, d.list, d.first_cell, d.first_box, d.first_gate,
  d.first_at, d.cell, d.box, d.gate, d.at, d.found_ms, d.first_estimate_ms, d.estimate_ms
  FROM (SELECT o.event, o.ticket, o.list, o.first_cell, o.first_box, o.first_gate, o.first_at, o.cell, o.box, o.gate,
      o.at, o.found_ms, CAST(NULL AS BIGINT) AS first_estimate_ms, CAST(NULL AS BIGINT) AS estimate_ms FROM doubled o
    UNION ALL SELECT * FROM doubled_untimed) d
  JOIN entry_list n ON n.event = d.event AND n.list = d.list WHERE n.entry = 'single';
"""
"""Which of two doors came first, where a clock was not trusted, is decided when it is asked: by what is known then of
the boot that it was in (`boots`). The tickets with trusted times alone are in `doubled`."""

VIEWS = "".join(
    (
        _STATES,
        _DOORS,
        _by_hour("v_sales", "hour_sales", "currency", "sales", "gross", "net", "tax"),
        _by_hour("v_tax", "hour_tax", "currency rate", "net", "tax", "gross"),
        _by_hour("v_tenders", "hour_tender", "currency tender", "tenders", "amount"),
        _by_hour("v_items", "hour_item", "currency sku unit", "qty", "gross"),
        _by_hour("v_door", "hour_door", "list", "admitted", "exited", "refused"),
        _by_hour("v_crossings", "hour_crossing", "line", "entries", "exits"),
        _ATTENDANCE,
    )
)
