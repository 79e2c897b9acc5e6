"""Addresses of repositories, without what lets somebody in."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?P<front>.*?[A-Za-z][A-Za-z0-9+.-]*://)(?P<authority>[^/?#]*)(?P<path>[^?#]*)", re.DOTALL)
_PORT = re.compile(r":(?!\d*$)")
_IN_FRONT_OF_A_HOST = re.compile(r"[^/@:\\]+:[^/@]*@(?=[^/@:]+[:/])")


def without_credentials(address: str) -> str:
    """An address without user, password and token; of one by SSH the user stays, who is no secret.

    What follows a question mark goes as a whole. Paths stay as they are.
    """
    found = _ADDRESS.match(address)
    if found is None:
        # What git takes for user@host:path may have been meant as user:token@host/path.
        return _IN_FRONT_OF_A_HOST.sub("", address, count=1)
    front, authority, path = found["front"], found["authority"], found["path"]
    if front.lower().endswith("file://"):
        return address
    user, _, host = authority.rpartition("@")
    if not user and _has_no_port(host) and "@" in path:
        # A password with a slash in it, which was to be written as %2F.
        return front + path.rpartition("@")[2]
    if user and front.lower().endswith("ssh://"):
        host = f"{user.partition(':')[0]}@{host}"
    return front + host + path


def _has_no_port(host: str) -> bool:
    """Whether what follows the colon of a host is not the number that it is to be."""
    return not host.startswith("[") and _PORT.search(host) is not None
