"""Files that people hand in and take away: catalogues, tickets, keys."""
