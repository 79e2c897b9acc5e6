"""Configurations as YAML files."""

from __future__ import annotations

import os

from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONDA_FILE = "conda_dependencies.yml"


def yaml_text(value: object) -> str:
    text = _dumped(value, is_readable=True)
    # These it writes as they are, and reads as ends of lines, or not at all.
    return _dumped(value, is_readable=False) if any(one in text for one in "\x85\u2028\u2029\ufeff") else text


def _dumped(value: object, is_readable: bool) -> str:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=is_readable, default_flow_style=False)
    return text


def write_text(path: str, text: str) -> None:
    """Write a file whole, or leave the one that is there.

    :raises RunConfigurationException: it cannot be written.
    """
    aside = f"{path}.{os.getpid()}.part"
    try:
        with open(aside, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        raise RunConfigurationException(
            f"{path} cannot be written: {error.strerror}; make its folder, or choose another that you may write to"
        ) from error


def mapping_of_file(path: str, what: str) -> dict[str, Any]:
    """What a YAML or JSON file holds.

    :param what: the kind of file, for errors.
    :raises RunConfigurationException: it cannot be read, or holds anything but names with values.
    """
    import yaml

    try:
        with open(path, "rb") as file:
            found = yaml.safe_load(file)
    except OSError as error:
        raise RunConfigurationException(
            f"the {what} {path} cannot be read: {error.strerror}; give the path of one that can"
        ) from error
    except RecursionError as error:
        raise RunConfigurationException(f"the {what} {path} is nested too deeply; correct it") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that there is not
        reason = " ".join(str(error).split())
        raise RunConfigurationException(f"the {what} {path} is no YAML: {reason}; correct it") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise RunConfigurationException(f"the {what} {path} holds no names with values; write lines as 'name: value'")
    return found
