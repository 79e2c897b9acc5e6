"""What pip is set up with, said so that uv, which does not read it, does the same."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OF_ENVIRONMENT, _PREFIX = ":env:", "PIP_"
# The later ones count more.
_SECTIONS = ("global", "install", _OF_ENVIRONMENT)
# What only has to do with how pip itself works, or what it shows.
_WITHOUT_EFFECT = frozenset(
    [
        "break-system-packages",
        "cache-dir",
        "config-file",
        "debug",
        "disable-pip-version-check",
        "exists-action",
        "log",
        "no-cache-dir",
        "no-color",
        "no-input",
        "no-python-version-warning",
        "no-warn-conflicts",
        "no-warn-script-location",
        "progress-bar",
        "quiet",
        "require-virtualenv",
        "require-venv",
        "resume-retries",
        "retries",
        "root-user-action",
        "user",
        "verbose",
    ]
)
_TRUE = frozenset(["1", "true", "yes", "on", "y", "t"])


def of_listing(listing: str) -> dict[str, str]:
    """The settings by name, of what ``pip config list`` prints."""
    from ast import literal_eval

    by_section: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        key, is_setting, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if is_setting and section in by_section:
            by_section[section][name] = str(literal_eval(value))
    return {name: value for section in _SECTIONS for name, value in by_section[section].items()}


def of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings by name that environment variables make."""
    found = [(name.removeprefix(_PREFIX), value) for name, value in environment.items() if name.startswith(_PREFIX)]
    return {name.lower().replace("_", "-"): value for name, value in found}


def for_uv(settings: Mapping[str, str]) -> tuple[list[str], dict[str, str]] | None:
    """Options and environment variables for ``uv pip install``; None if there is a setting that it has no word for.

    Addresses, which may have a password in them, go into variables: every user sees the options of a process.
    """
    options: list[str] = []
    variables: dict[str, str] = {}
    for name, value in settings.items():
        words = value.split()
        if name in _VARIABLES:
            own_name, separator = _VARIABLES[name]
            variables[own_name] = separator.join(words)
        elif name in _OPTIONS:
            options += _OPTIONS[name](words)
        elif name == "proxy":
            variables.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), value))
        elif name not in _WITHOUT_EFFECT and words:
            return None
    return options, variables


_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_EXTRA_INDEX_URL", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
}


def _flag(*option: str) -> Callable[[list[str]], list[str]]:
    return lambda words: list(option) if words and words[0].lower() in _TRUE else []


def _each(option: str) -> Callable[[list[str]], list[str]]:
    return lambda words: [part for word in words for part in (option, word)]


_OPTIONS = {
    "no-index": _flag("--no-index"),
    "pre": _flag("--prerelease", "allow"),
    "require-hashes": _flag("--require-hashes"),
    "constraint": _each("--constraint"),
    "trusted-host": _each("--allow-insecure-host"),
}
