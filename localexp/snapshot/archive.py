"""A snapshot as one zip file."""

from __future__ import annotations

import os
import stat

from localexp.errors import SnapshotException
from localexp.snapshot import stored, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    from localexp.store.store import Store

# The first moment that a zip file can name, for a snapshot holds no times.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODES = {
    tree.FILE: stat.S_IFREG | 0o644,
    tree.EXECUTABLE: stat.S_IFREG | 0o755,
    tree.LINK: stat.S_IFLNK | 0o777,
    tree.DIRECTORY: stat.S_IFDIR | 0o755,
}
_UNIX = 3
_DIRECTORY_ATTRIBUTE = 0x10
_PIECE = 2**20


def write_zip(store: Store, snapshot_id: str, path: str) -> None:
    """Write a snapshot into a zip file, in place of one that is there: the same snapshot gives the same bytes.

    Executable bits, links and empty directories are in it as ``unzip`` restores them.

    :raises SnapshotException: a name is no UTF-8, something is damaged in the store, or the file cannot be written.
    """
    from zipfile import ZIP_DEFLATED, ZipFile

    entries = [(_zip_name(name, entry), entry) for name, entry in stored.entries_in_order(store, snapshot_id)]
    aside = f"{path}.{os.urandom(8).hex()}"
    try:
        with ZipFile(aside, "x", ZIP_DEFLATED) as archive:
            for name, entry in entries:
                _add(store, archive, name, entry)
        os.replace(aside, path)
    except SnapshotException:
        raise
    except OSError as error:
        raise SnapshotException(f"cannot write {path}: {error.strerror}; choose another place") from error
    finally:
        if os.path.exists(aside):
            os.unlink(aside)


def _zip_name(path: bytes, entry: tree.Entry) -> str:
    try:
        name = path.decode("utf-8")
    except UnicodeDecodeError:
        raise SnapshotException(
            f"a zip file cannot hold the name {os.fsdecode(path)!r}, which is no UTF-8; "
            "restore the snapshot into a directory instead, with 'localexp snapshot restore'"
        ) from None
    return f"{name}/" if entry.kind == tree.DIRECTORY else name


def _add(store: Store, archive: ZipFile, name: str, entry: tree.Entry) -> None:
    if entry.is_file:
        with stored.opened(store, entry) as file, archive.open(_described(name, entry), "w") as member:
            while piece := file.read(_PIECE):
                member.write(piece)
    else:
        archive.writestr(_described(name, entry), entry.target)


def _described(name: str, entry: tree.Entry) -> ZipInfo:
    from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

    described = ZipInfo(name, _TIME)
    described.create_system = _UNIX
    described.external_attr = _MODES[entry.kind] << 16
    if entry.kind == tree.DIRECTORY:
        described.external_attr |= _DIRECTORY_ATTRIBUTE
    described.compress_type = ZIP_DEFLATED if entry.is_file else ZIP_STORED
    # More than 2 GiB take another format, which has to be known beforehand.
    described.file_size = entry.size
    return described
