"""A day's books as a set of CSV files that are named, and whose columns are named, as in DSFinV-K 2.3.

No certified technical security device (TSE) signed what is in it, and nobody certified the export: docs/books.md.
"""
