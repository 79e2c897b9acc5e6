"""What people say of a run: tags, params, properties, its name and description; after its end, too."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localexp.store.params import Param


class TagsOfRun(RunCore):
    """The part of ``Run`` that is about tags and the like."""

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags, as ``get_tags`` returns them. (Azure ML's are those of the last time that they were asked for.)"""
        return self.get_tags()

    def get_tags(self) -> dict[str, str | None]:
        """All tags as they stand now; a tag without value has None."""
        from localexp.store import tags

        record = self._current()
        with self._workspace._store.main.reading() as db:
            return tags.of_run(db, record.key)

    def tag(self, key: str, value: object = None) -> None:
        """Set a tag, whether or not the run has ended.

        :param key: any text, also the empty one; what is not a text becomes one.
        :param value: likewise; None for a tag without value.
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object] | None) -> None:
        """Set several tags; others stay as they are.

        :param tags: a dict; of its keys and values holds what ``tag`` says. None is nothing to do.
        :raises UserErrorException: ``tags`` is no dict.
        """
        from localexp.store.tags import checked

        self._say(*({"tag": key, "value": value} for key, value in checked(tags).items()))

    def remove_tags(self, tags: Iterable[str] | None) -> None:
        """Remove tags; those that the run does not have, and None, are nothing to do.

        :param tags: a list of keys.
        :raises UserErrorException: it is no list.
        """
        if isinstance(tags, (str, bytes)) or not hasattr(tags or (), "__iter__"):
            raise UserErrorException(f"tags is {tags!r}; give a list of the keys to remove")
        self._say(*({"untag": str(key)} for key in tags or ()))

    @property
    def params(self) -> dict[str, Param]:
        """The params, as ``get_params`` returns them."""
        return self.get_params()

    def get_params(self) -> dict[str, Param]:
        """All params as they stand now: the named arguments of the script, and what was said by ``log_params``.

        A value whose text is that of a number is one; any other is the text, as ``1.10``. Azure ML has nothing like it.
        """
        from localexp.store import params

        record = self._current()
        with self._workspace._store.main.reading() as db:
            return params.of_run(db, record.key)

    def log_param(self, name: str, value: object) -> None:
        """Say with what value something is run; ``search_runs`` finds it. The word that is said last stands.

        :param name: any text; that of an argument of the script, if what it says is not what is used in the end.
        :param value: a number or text; what is neither becomes a text.
        :raises UserErrorException: the run has ended: what it was run with is a fact then, and tags are for the rest.
        """
        self.log_params({name: value})

    def log_params(self, params: Mapping[str, object] | None) -> None:
        """``log_param`` for several.

        :param params: a dict. None is nothing to do.
        :raises UserErrorException: it is no dict, or the run has ended.
        """
        from localexp.store.tags import checked

        for name, value in checked(params, "params").items():
            writer = self._writer or self._writer_for_metrics()
            if not writer.say(param=name, value=value):
                # It was closed by the end of the run; another thread or object may have brought that about.
                self._writer_for_metrics().say(param=name, value=value)

    @property
    def properties(self) -> dict[str, str | None]:
        """The properties, as ``get_properties`` returns them."""
        return self.get_properties()

    def get_properties(self) -> dict[str, str | None]:
        """All properties as they stand now."""
        from localexp.store import tags

        record = self._current()
        with self._workspace._store.main.reading() as db:
            return tags.properties_of_run(db, record.key)

    def add_properties(self, properties: Mapping[str, object] | None) -> None:
        """Add properties, which then stay as they are. Of two processes that add one at once, the first is heard.

        :param properties: a dict of texts; what is not a text becomes one. None is nothing to do.
        :raises UserErrorException: one is there with another value, and none is added; or this is no dict.
        """
        from localexp.store.tags import checked

        wanted = checked(properties, "properties")
        known = self._properties_to_keep() if wanted else {}
        for key, value in wanted.items():
            if known.get(key, value) != value:
                raise UserErrorException(
                    f"run {self.id} has the property {key!r} with the value {known[key]!r}, and properties do not "
                    "change; use a tag for what does, or another key"
                )
        self._say(*({"property": key, "value": value} for key, value in wanted.items() if key not in known))

    def _properties_to_keep(self) -> dict[str, str | None]:
        return self.get_properties()

    @property
    def display_name(self) -> str | None:
        """A name for people. It can be set, also after the end."""
        return self._known().display_name

    @display_name.setter
    def display_name(self, name: str | None) -> None:
        from localexp.store import runs

        checked = _checked_text("display_name", name)
        with self._workspace._store.main.writing() as db:
            runs.set_display_name(db, self._known().key, checked)
        self._refresh()

    @property
    def description(self) -> str | None:
        """Any text. It can be set, also after the end."""
        return self._known().description

    @description.setter
    def description(self, text: str | None) -> None:
        from localexp.store import runs

        checked = _checked_text("description", text)
        with self._workspace._store.main.writing() as db:
            runs.set_description(db, self._known().key, checked)
        self._refresh()


def _checked_text(name: str, text: object) -> str | None:
    if text is not None and not isinstance(text, str):
        raise UserErrorException(f"{name} is a text or None, not {text!r}")
    return text
