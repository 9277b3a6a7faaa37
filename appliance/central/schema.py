"""Central's tables, in the words that `database.Dialect` fills in, and how they come into a database.

``fact`` holds the main line of each log, without a gap from 1 on; ``waiting`` every other fact that is here: early
ones, and those of other lines (`branches`). ``hour_*`` and what stands below them is added up as facts come
(`rollups`, `doors`), as is what tells when a fact happened whose box had no clock (`boots`).
"""

from appliance.central.database import Database, NotCentral
from appliance.central.rollups import TABLES as ROLLUPS
from appliance.central.views import VIEWS

VERSION = 3

TABLES = """
CREATE TABLE central_key(one {int} PRIMARY KEY, key {text} NOT NULL){end};
CREATE TABLE box(
  cell {text} NOT NULL, box {text} NOT NULL, seen_ms {int} NOT NULL, online {int} NOT NULL, position {int} NOT NULL,
  safe {int} NOT NULL, event {text} NOT NULL, version {text} NOT NULL, clock {text} NOT NULL,
  PRIMARY KEY(cell, box)){end};
CREATE TABLE log(
  id {serial}, cell {text} NOT NULL, box {text} NOT NULL, log {int} NOT NULL, size {int} NOT NULL,
  shift {int} NOT NULL, frontier {blob} NOT NULL, waiting {int} NOT NULL, forked {int} NOT NULL,
  before {int}, before_size {int}, before_root {text}, held {int} NOT NULL, line_id {int},
  UNIQUE(cell, box, log)){end_serial};
CREATE TABLE fact(
  log_id {int} NOT NULL REFERENCES log(id), seq {int} NOT NULL, id {text} NOT NULL, kind {text} NOT NULL,
  body {text} NOT NULL, leaf {blob} NOT NULL, root {blob} NOT NULL, at_ms {int} NOT NULL,
  PRIMARY KEY(log_id, seq)){end};
CREATE TABLE waiting(
  n {serial}, log_id {int} NOT NULL REFERENCES log(id), seq {int} NOT NULL, leaf {blob} NOT NULL,
  id {text} NOT NULL, kind {text} NOT NULL, boot {text} NOT NULL, mono {int} NOT NULL, body {text} NOT NULL,
  at_ms {int} NOT NULL, UNIQUE(log_id, seq, leaf)){end_serial};
CREATE TABLE line(
  id {serial}, log_id {int} NOT NULL REFERENCES log(id), size {int} NOT NULL, root {text} NOT NULL,
  fork {int} NOT NULL, at_ms {int} NOT NULL, UNIQUE(log_id, size, root)){end_serial};
CREATE TABLE line_fact(
  line_id {int} NOT NULL REFERENCES line(id), seq {int} NOT NULL, leaf {blob} NOT NULL, root {blob} NOT NULL,
  PRIMARY KEY(line_id, seq)){end};
CREATE TABLE checkpoint(
  log_id {int} NOT NULL REFERENCES log(id), size {int} NOT NULL, root {blob} NOT NULL, note {text} NOT NULL,
  state {text} NOT NULL, at_ms {int} NOT NULL, PRIMARY KEY(log_id, size, root)){end};
CREATE INDEX checkpoint_state ON checkpoint(state);
CREATE TABLE rejected(
  n {serial}, topic {text} NOT NULL, reason {text} NOT NULL, bytes {blob} NOT NULL, at_ms {int} NOT NULL){end_serial};
CREATE TABLE unknown(
  cell {text} NOT NULL, box {text} NOT NULL, key {text} NOT NULL, messages {int} NOT NULL,
  first_ms {int} NOT NULL, last_ms {int} NOT NULL, PRIMARY KEY(cell, box)){end};
CREATE TABLE event(
  cell {text} NOT NULL, box {text} NOT NULL, event {text} NOT NULL, name {text} NOT NULL, currency {text} NOT NULL,
  timezone {text} NOT NULL, area_m2 {text} NOT NULL, created {text} NOT NULL, opened {text} NOT NULL,
  closed {text} NOT NULL, PRIMARY KEY(cell, box, event)){end};
CREATE TABLE device(
  cell {text} NOT NULL, box {text} NOT NULL, device {text} NOT NULL, kind {text} NOT NULL, state {text} NOT NULL,
  reason {text} NOT NULL, at {text} NOT NULL, log {int} NOT NULL, seq {int} NOT NULL,
  PRIMARY KEY(cell, box, device)){end};
CREATE TABLE power(
  cell {text} NOT NULL, box {text} NOT NULL, soc_permille {int}, mv {int}, ma {int}, pv_mw {int}, load_mw {int},
  at {text} NOT NULL, log {int} NOT NULL, seq {int} NOT NULL, PRIMARY KEY(cell, box)){end};
CREATE TABLE movement(
  event {text} NOT NULL, ticket {text} NOT NULL, cell {text} NOT NULL, box {text} NOT NULL, id {text} NOT NULL,
  list {text} NOT NULL, entered {int} NOT NULL, gate {text} NOT NULL, at {text} NOT NULL, log_id {int} NOT NULL,
  wall_ms {int} NOT NULL, boot {text} NOT NULL, mono_ms {int} NOT NULL, at_ms {int} NOT NULL,
  PRIMARY KEY(event, ticket, log_id, id)){end};
CREATE INDEX movement_untimed ON movement(event, ticket) WHERE boot <> '';
CREATE TABLE doubled(
  event {text} NOT NULL, ticket {text} NOT NULL, list {text} NOT NULL,
  first_cell {text} NOT NULL, first_box {text} NOT NULL, first_gate {text} NOT NULL, first_at {text} NOT NULL,
  cell {text} NOT NULL, box {text} NOT NULL, gate {text} NOT NULL, at {text} NOT NULL, found_ms {int} NOT NULL,
  PRIMARY KEY(event, ticket)){end};
CREATE TABLE boot(
  log_id {int} NOT NULL REFERENCES log(id), boot {text} NOT NULL, source {text} NOT NULL, first_seq {int} NOT NULL,
  last_seq {int} NOT NULL, mono_ms {int} NOT NULL, cap_ms {int} NOT NULL, low_ms {int} NOT NULL,
  high_ms {int} NOT NULL, PRIMARY KEY(log_id, boot, source)){end};
CREATE TABLE untimed(
  log_id {int} NOT NULL REFERENCES log(id), seq {int} NOT NULL, id {text} NOT NULL, boot {text} NOT NULL,
  mono_ms {int} NOT NULL, at {text} NOT NULL, at_ms {int} NOT NULL, PRIMARY KEY(log_id, seq, id)){end};
CREATE TABLE boot_time(
  cell {text} NOT NULL, box {text} NOT NULL, boot {text} NOT NULL, estimate_ms {int} NOT NULL, low_ms {int},
  high_ms {int} NOT NULL, how {text} NOT NULL, PRIMARY KEY(cell, box, boot)){end};
CREATE TABLE entry_list(
  event {text} NOT NULL, list {text} NOT NULL, entry {text} NOT NULL, PRIMARY KEY(event, list)){end};
"""


def migrate(db: Database) -> None:
    """The tables and views of this version in an empty database; of several consumers that start together one makes
    them. NotCentral: another version's."""
    with db.transaction():
        db.lock(["schema"])
        if (found := db.version()) == 0:
            for statement in (TABLES + _rollups() + VIEWS).split(";"):
                if statement.strip():
                    db.run(db.dialect.fill(statement))
            db.set_version(VERSION)
        else:
            _check(found)


def check(db: Database) -> None:
    """Raises NotCentral unless the tables are those of this version."""
    _check(db.version())


def _check(found: int) -> None:
    if found != VERSION:
        raise NotCentral(
            f"the store's version is {found}, this program's is {VERSION}",
            remedy="Use the Boothkit that made it; or begin with an empty store and the same keys: the boxes send all.",
        )


def _rollups() -> str:
    made = ""
    for table in ROLLUPS:
        keys = "".join(f", {key} {{text}} NOT NULL" for key in table.keys)
        sums = "".join(f", {name} {{int}} NOT NULL" for name in table.sums)
        key = ", ".join(("log_id", *table.keys))
        made += f"CREATE TABLE {table.name}(log_id {{int}} NOT NULL{keys}{sums}, PRIMARY KEY({key})){{end}};\n"
    return made
