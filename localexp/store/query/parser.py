"""From the text of a filter to its tree, and from that of an order to its column.

    filter      and  or  not  ( )                       keywords in any case
    comparison  column  = == != <> < <= > >=  value
                column  [not] in (value, …)
                column  [not] like 'text'               % any characters, _ one; a to z in either case, as SQLite has it
                column  is [not] null
    column      status, start_time, …                   see `columns`
                metrics.loss  metrics.loss.min  params.lr  tags.model  properties.key
                metrics.`val loss`  metrics."val loss".min
    value       3  -0.5  1e-3  'text'  'it''s'  true  false

A bare name goes on as long as there are letters, digits and ``_ / - . :``. Of a metric, a last ``.last``, ``.min``,
``.max`` or ``.count`` is its field: one whose name ends so is quoted.
"""

from __future__ import annotations

from localexp.errors import FilterSyntaxError
from localexp.store.query import columns
from localexp.store.query.lexer import Token, tokens
from localexp.store.query.tree import All, Any, Comparison, Not, Order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.query.tree import Column, Literal, Tree

# What SQLite reads is not much more: its parser has a stack of 100, of which a level may take three.
MOST_NESTED = 20
MOST_VALUES = 500
_SIGNS = ("=", "!=", "<", "<=", ">", ">=")
_KEYWORDS = ("and", "or", "not", "in", "like", "is", "null", "true", "false")


def parsed(text: str) -> Tree:
    """The tree of a filter.

    :raises FilterSyntaxError: it is none; the error says why, and where.
    """
    return _Parser(text).filter()


def parsed_order(text: str) -> Order:
    """What ``metrics.loss``, ``metrics.loss.min desc`` or ``start_time asc`` says; ``asc`` is the default.

    :raises FilterSyntaxError: it is none.
    """
    return _Parser(text).order()


def parsed_columns(text: str) -> list[Column]:
    """The columns of ``status,params.lr,metrics.loss.min``, with blanks around the commas or without.

    :raises FilterSyntaxError: one of them is none.
    """
    return _Parser(text).columns()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0
        self._values = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def filter(self) -> Tree:
        tree = self._any()
        if self._next.kind != "end":
            raise self._wrong(f"here and, or, or the end belongs, not {self._said(self._next)}")
        return tree

    def order(self) -> Order:
        column = self._column("an order is a column, optionally followed by asc or desc")
        is_descending = self._next.lowered == "desc"
        if self._next.lowered in ("asc", "desc"):
            self._at += 1
        if self._next.kind != "end":
            raise self._wrong(f"behind the column belongs asc, desc or nothing, not {self._said(self._next)}")
        return Order(column, is_descending)

    def columns(self) -> list[Column]:
        what = "here a column belongs, such as status, params.lr or metrics.loss"
        found = [self._column(what)]
        while self._takes(","):
            found.append(self._column(what))
        if self._next.kind != "end":
            raise self._wrong(f"between columns belongs a comma, not {self._said(self._next)}")
        return found

    def _any(self) -> Tree:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Any(parts)

    def _all(self) -> Tree:
        parts = [self._part()]
        while self._takes("and"):
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else All(parts)

    def _part(self) -> Tree:
        start = self._next
        if not (self._takes("not") or self._takes("(")):
            return self._comparison()
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise self._wrong(f"this is more than {MOST_NESTED} deep in parentheses and nots", start)
        if start.lowered == "not":
            tree: Tree = Not(self._part())
        else:
            tree = self._any()
            if not self._takes(")"):
                raise self._wrong("here ) belongs", self._next)
        self._depth -= 1
        return tree

    def _comparison(self) -> Comparison:
        column = self._column("here a column belongs, such as metrics.loss, params.lr, tags.model or status")
        start = self._next
        operator = self._operator()
        try:
            columns.check_operator(column, operator)
        except ValueError as error:
            raise self._wrong(str(error), start) from None
        if operator in ("null", "not null"):
            self._count(start)
            return Comparison(column, operator)
        if operator not in ("in", "not in"):
            return Comparison(column, operator, [self._value(column, operator)])
        return Comparison(column, operator, self._list(column, operator))

    def _list(self, column: Column, operator: str) -> list[Literal]:
        if not self._takes("("):
            raise self._wrong("behind in belongs a list, as in ('a', 'b')")
        values = [self._value(column, operator)]
        while self._takes(","):
            values.append(self._value(column, operator))
        if not self._takes(")"):
            raise self._wrong("here , or ) belongs")
        return values

    def _column(self, what: str) -> Column:
        token = self._next
        if token.kind not in ("column", "word") or token.lowered in _KEYWORDS:
            raise self._wrong(f"{what}, not {self._said(token)}")
        self._at += 1
        try:
            if token.kind == "word":
                return columns.named(token.text)
            return columns.quoted(token.text, token.name, token.suffix)
        except ValueError as error:
            unknown = token.text if token.kind == "word" else None
            raise FilterSyntaxError(str(error), self._text, token.start, unknown) from None

    def _operator(self) -> str:
        token = self._next
        if token.kind == "sign" and token.text in _SIGNS:
            self._at += 1
            return token.text
        if self._takes("is"):
            negated = "not " if self._takes("not") else ""
            if not self._takes("null"):
                raise self._wrong("behind is belongs null or not null; values are compared with =")
            return f"{negated}null"
        negated = "not " if self._takes("not") else ""
        for word in ("in", "like"):
            if self._takes(word):
                return f"{negated}{word}"
        raise self._wrong(f"here an operator belongs (=, !=, <, <=, >, >=, in, like, is), not {self._said(self._next)}")

    def _value(self, column: Column, operator: str) -> Literal:
        token = self._next
        self._count(token)
        value = self._literal(token)
        self._at += 1
        try:
            return columns.fitted(column, operator, value)
        except ValueError as error:
            raise self._wrong(str(error), token) from None

    def _literal(self, token: Token) -> Literal:
        if token.kind in ("number", "text"):
            return token.value
        if token.lowered in ("true", "false"):
            return token.lowered == "true"
        if token.lowered == "null":
            raise self._wrong("nothing equals null: write 'is null' or 'is not null'")
        if token.kind == "word" and token.lowered not in _KEYWORDS:
            raise self._wrong(f"here a value belongs; a text stands in single quotes: '{token.text}'")
        raise self._wrong(f"here a value belongs, such as 0.5, 'a text' or true, not {self._said(token)}")

    def _count(self, token: Token) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._wrong(f"a filter has at most {MOST_VALUES} comparisons and values in lists", token)

    def _takes(self, text: str) -> bool:
        """Whether this keyword or sign comes next, which it then no longer does."""
        token = self._next
        is_next = token.lowered == text or (token.kind == "sign" and token.text == text)
        self._at += is_next
        return is_next

    def _said(self, token: Token) -> str:
        return "the end" if token.kind == "end" else repr(token.text)

    def _wrong(self, reason: str, token: Token | None = None) -> FilterSyntaxError:
        return FilterSyntaxError(reason, self._text, (token or self._next).start)
