"""Central's small HTTP interface: reads, never writes, and listens on the loopback address only."""
