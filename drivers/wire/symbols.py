"""Codes in a picture, read by zxing-cpp."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

MOST = 8
"""Codes taken from one picture."""

FORMATS = {
    "qr": "QRCode",
    "datamatrix": "DataMatrix",
    "aztec": "Aztec",
    "pdf417": "PDF417",
    "code128": "Code128",
    "code39": "Code39",
    "itf": "ITF",
    "ean13": "EAN13",
    "ean8": "EAN8",
    "upca": "UPCA",
}
"""Names of the option `codes`, and what zxing-cpp calls them."""


class Symbols:
    """Each format that is looked for costs time, and the ones with bars are now and then seen in a fence."""

    def __init__(self, formats: Iterable[str]) -> None:
        import zxingcpp

        self._read = zxingcpp.read_barcodes
        self._formats = zxingcpp.barcode_formats_from_str(",".join(FORMATS[name] for name in formats))
        self._mode = zxingcpp.TextMode.Plain  # the text itself, with the group separators of GS1

    def read(self, picture: "NDArray[uint8]") -> list[bytes]:
        """UTF-8, in the order in which they were found; the same code twice in one picture is one."""
        found = self._read(picture, formats=self._formats, text_mode=self._mode)
        return list(dict.fromkeys(code.text.encode("utf-8", "surrogateescape") for code in found))[:MOST]
