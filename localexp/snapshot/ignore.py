"""Which entries of a source directory stay out of its snapshot, by the rules that git itself follows.

A directory's rule file is its ``.amlignore``, otherwise its ``.gitignore``; at and below a directory with an
``.amlignore`` no ``.gitignore`` is read.
"""

from __future__ import annotations

import errno
import os
import stat

from localexp.store.layout import STORE_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from localexp.snapshot.ruleset import Ruleset

    # The rules of one file, the way from its directory to the present one, the path of the file.
    _Layer: TypeAlias = "tuple[Ruleset, str, bytes]"

_AMLIGNORE = b".amlignore"
_GITIGNORE = b".gitignore"
# What a restore that was killed has left begins so.
RESTORE_MARK = b".localexp-restore-"
# Not blocking, or a FIFO of that name would hold the scan for ever.
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
NEVER_ENTER = frozenset([b".git", os.fsencode(STORE_FOLDER), b"__pycache__"])

# The token where no rule file is in force; to be raised whenever the same files come to mean something else.
MEANING_OF_RULES = b"rules  1"


class Rule:
    """The line of a rule file that decides about an entry; ``include`` means that it takes it back in (``!``).

    ``file`` is relative to the source directory, and ``pattern`` is what of the line counts.
    """

    __slots__ = ("file", "include", "line", "pattern")

    def __init__(self, file: bytes, line: int, pattern: bytes, include: bool) -> None:
        self.file = file
        self.line = line
        self.pattern = pattern
        self.include = include

    def __repr__(self) -> str:
        return f"Rule({self.file!r}, line={self.line}, pattern={self.pattern!r}, include={self.include})"


class IgnoreRules:
    """The rules in force inside one directory; made for the source directory and narrowed on the way down.

    As long as a directory has the same ``token``, the rules in force in it are the same; the token of a directory
    without a rule file is that of the one that it is in.
    """

    __slots__ = ("_folder", "_layers", "_reads_gitignore", "token")

    def __init__(self, folder: bytes, layers: tuple[_Layer, ...], reads_gitignore: bool, token: bytes) -> None:
        self._folder = folder
        self._layers = layers
        self._reads_gitignore = reads_gitignore
        self.token = token

    @classmethod
    def at_root(cls, directory: bytes, with_parents: bool = False) -> IgnoreRules:
        """The rules inside the source directory, whose absolute path is ``directory``.

        ``with_parents`` takes in the rule files above it, up to the top of the git repository that it is in. They
        decide about what is in the source directory and never about the directory itself: ``data/`` above a source
        directory ``data`` leaves nothing in it out, ``data/*`` everything. For git nothing in it would then count,
        but whoever names a source directory wants it.
        """
        rules = cls._above(directory) if with_parents else cls(b"", (), True, MEANING_OF_RULES)
        return rules._with_file_of(directory)

    @classmethod
    def _above(cls, directory: bytes) -> IgnoreRules:
        folder, names = _way_from_repository(directory)
        rules = cls(b"../" * len(names), (), True, MEANING_OF_RULES)
        for depth, name in enumerate(names, 1):
            rules = rules._with_file_of(folder)._narrowed(name, b"../" * (len(names) - depth))
            folder = os.path.join(folder, name)
        if rules.token != MEANING_OF_RULES:
            # What they mean here depends on the way as well, and a link to the source may come to lead elsewhere.
            rules.token = _digest(rules.token + b"/".join(names))
        return rules

    def enter(self, name: bytes, directory: bytes) -> IgnoreRules:
        """The rules inside the child directory ``name``, whose absolute path is ``directory``."""
        return self._narrowed(name, b"%s%s/" % (self._folder, name))._with_file_of(directory)

    def _narrowed(self, name: bytes, folder: bytes) -> IgnoreRules:
        layers = self._layers
        if layers:
            step = name.decode("latin-1") + "/"
            layers = tuple([(ruleset, way + step, file) for ruleset, way, file in layers])
        return IgnoreRules(folder, layers, self._reads_gitignore, self.token)

    def excludes(self, name: bytes, is_directory: bool) -> bool:
        """Whether an entry of the present directory is left out; a link to a directory is no directory."""
        if name in NEVER_ENTER and (is_directory or name == b".git"):
            return True
        if name.startswith(RESTORE_MARK):
            return True
        if not self._layers:
            return False
        rule = self.decide(name, is_directory)
        return rule is not None and not rule.include

    def decide(self, name: bytes, is_directory: bool) -> Rule | None:
        """The rule that ignores an entry of the present directory or takes it back in, if there is one."""
        text = name.decode("latin-1")
        for ruleset, way, file in self._layers:
            number = ruleset.deciding_line(way, text, is_directory)
            if number is not None:
                pattern = ruleset.lines[number - 1]
                return Rule(file, number, pattern, include=pattern.startswith(b"!"))
        return None

    def _with_file_of(self, directory: bytes) -> IgnoreRules:
        name = _AMLIGNORE
        data = _rule_file(directory, name)
        if data is not None:
            self._reads_gitignore = False
        elif self._reads_gitignore:
            name = _GITIGNORE
            data = _rule_file(directory, name)
        if data is not None:
            self._add(self._folder + name, data)
        return self

    def _add(self, file: bytes, data: bytes) -> None:
        from localexp.snapshot.ruleset import ruleset_of

        self.token = _digest(b"%s%s\0%s" % (self.token, file, data))
        ruleset = ruleset_of(data)
        if ruleset.can_match:
            self._layers = ((ruleset, "", file), *self._layers)


def is_virtual_environment(directory: bytes) -> bool:
    """Whether a directory is a Python virtual environment, which never enters a snapshot."""
    path = directory + b"/pyvenv.cfg"
    # Hardly any directory has it, and this says so in half the time.
    return os.access(path, os.F_OK) and os.path.isfile(path)


def file_for_a_line(directory: bytes, has_rules: bool) -> str:
    """The name of the rule file of a source directory that is to have one more line.

    A new ``.amlignore`` would take every ``.gitignore`` there and below out of force, of which ``has_rules`` says that
    there may be some.
    """
    has_own = os.path.lexists(os.path.join(directory, _AMLIGNORE))
    is_for_git = has_rules or os.path.isfile(os.path.join(directory, _GITIGNORE))
    return os.fsdecode(_AMLIGNORE if has_own or not is_for_git else _GITIGNORE)


def line_for(path: bytes, is_directory: bool) -> str:
    """The line that leaves a path of a source directory out; for what no line can hold there is a ``?`` in it."""
    line = "/" + "".join(_in_a_line(character) for character in os.fsdecode(path))
    if is_directory:
        return line + "/"
    return line[:-1] + "\\ " if line.endswith(" ") else line


def _in_a_line(character: str) -> str:
    if character < " " or "\udc80" <= character <= "\udcff":
        return "?"
    return "\\" + character if character in "\\*?[" else character


def _rule_file(directory: bytes, name: bytes) -> bytes | None:
    path = b"%s/%s" % (directory, name)
    # Most directories have none, and this says so in half the time of an open that fails.
    if not os.access(path, os.F_OK):
        return None
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            _warn_of_link(path)
        elif error.errno != errno.ENXIO:
            raise
        return None
    try:
        return _content(descriptor)
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return None
    with open(descriptor, "rb", closefd=False) as file:
        return file.read()


def _warn_of_link(path: bytes) -> None:
    import warnings

    warnings.warn(f"{os.fsdecode(path)} is a link: as in git, no ignore rules are read from it", stacklevel=2)


def _way_from_repository(directory: bytes) -> tuple[bytes, list[bytes]]:
    """The top of the git repository that a directory is in, and the names that lead down; none without a repository."""
    names: list[bytes] = []
    top = os.path.realpath(directory)
    while not os.path.exists(os.path.join(top, b".git")):
        top, name = os.path.split(top)
        if not name:
            return top, []
        names.insert(0, name)
    return top, names


def _digest(data: bytes) -> bytes:
    from xxhash import xxh3_64_digest

    return xxh3_64_digest(data)
