"""Receipt printers. A job is encoded here, its outcome is what the printer itself says: no answer is never
"printed".
"""

DEFAULT = "escpos"
"""The model of a printer whose URI names none."""
