"""Fetch one source distribution, from the index that pip is configured with."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from urllib.parse import urljoin
from urllib.request import Request, urlopen

_INDEX = "https://pypi.org/simple"
_JSON = "application/vnd.pypi.simple.v1+json"
_SECONDS_AT_MOST = 60


def source_distribution(project: str, file_name: str, folder: str) -> str:
    """Unpack a source distribution into a folder, building nothing, and return the directory that it is in.

    :raises OSError: it cannot be had.
    :raises ValueError: the index does not know it, or not in a form that is understood, or its bytes are wrong.
    """
    page = urljoin(_index() + "/", f"{project}/")
    for file in json.loads(_content(page, Accept=_JSON))["files"]:
        if file["filename"] == file_name:
            data = _content(urljoin(page, file["url"]))
            if hashlib.sha256(data).hexdigest() != file["hashes"].get("sha256"):
                raise ValueError(f"the bytes of {file_name} are not those that the index names")
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                archive.extractall(folder, filter="data")
            return os.path.join(folder, file_name.removesuffix(".tar.gz"))
    raise ValueError(f"the index has no {file_name}")


def _index() -> str:
    """Without a slash at the end."""
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    configured = os.environ.get("PIP_INDEX_URL") or subprocess.run(command, capture_output=True, text=True).stdout
    return (configured.strip() or _INDEX).rstrip("/")


def _content(url: str, **headers: str) -> bytes:
    with urlopen(Request(url, headers=headers), timeout=_SECONDS_AT_MOST) as response:
        data: bytes = response.read()
        return data
