"""The box itself: domain, journal, projections, workers. See docs/architecture.md."""
