"""Receipts: laid out once, then printed, shown and signed. Reads stored sales; decides nothing."""
