"""Images that are logged: which files are any, and plots as PNG."""

from __future__ import annotations

import io
import os

from localexp.errors import UserErrorException
from localexp.store.values import kind_text

_HEADS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"BM": "bmp",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
}
_LONGEST_HEAD = 256


def check_given(name: str, path: object, plot: object) -> None:
    """See that either a path or a plot is given for a metric.

    :raises UserErrorException: it is not so.
    """
    if path is None and plot is None:
        raise UserErrorException(f"metric {name!r}: give one of both: path=, an image file, or plot=, a figure")
    if path is not None and plot is not None:
        raise UserErrorException(f"metric {name!r}: give the path of an image or a plot, and not both")
    if path is not None and not isinstance(path, (str, bytes, os.PathLike)):
        raise UserErrorException(
            f"metric {name!r}: the path of an image is a text or a pathlib.Path, not {kind_text(path)}; "
            f"a figure of matplotlib goes into plot=, as in log_image({name!r}, plot=figure)"
        )


def check_image(path: str) -> None:
    """See that a file is an image of a kind that browsers and viewers know: PNG, JPEG, GIF, BMP, TIFF, WebP or SVG.

    :raises UserErrorException: it is none, or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_LONGEST_HEAD)
    except OSError as error:
        raise UserErrorException(f"cannot read the image {path}: {error.strerror}; give the path of a file") from error
    if not _is_image(head):
        raise UserErrorException(
            f"{path} is no image (PNG, JPEG, GIF, BMP, TIFF, WebP or SVG); upload_file takes any other file"
        )


def _is_image(head: bytes) -> bool:
    if head.startswith(tuple(_HEADS)) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text)


def plot_png(plot: object) -> bytes:
    """The PNG of a figure of matplotlib, or of anything else with its ``savefig``.

    :raises UserErrorException: it has none.
    """
    save = getattr(plot, "savefig", None)
    if not callable(save):
        raise UserErrorException(
            f"{kind_text(plot)} has no savefig; give a figure of matplotlib, or the path of an image"
        )
    buffer = io.BytesIO()
    save(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()
