"""What a snapshot keeps: objects whose slots are all of their state."""

from array import array
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self


class State:
    """A mutable part of the engine; everything it knows is in its `__slots__`, and nothing else matters.

    `PARTS` says how slots that are not plain (numbers, texts, lists of them) are read back.
    """

    __slots__: tuple[str, ...] = ()
    PARTS: ClassVar[dict[str, Callable[[Any], Any]]] = {}

    def dump(self) -> list[Any]:
        """Return the state as plain values, the slots in their order."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def load(cls, values: Sequence[Any]) -> Self:
        """Return the object that `dump` was called on; raises `ValueError` when it is of another version."""
        result = cls.__new__(cls)
        for name, value in zip(cls.__slots__, values, strict=True):
            part = cls.PARTS.get(name)
            setattr(result, name, value if part is None else part(value))
        return result

    @classmethod
    def load_or_none(cls, values: Sequence[Any] | None) -> Self | None:
        """Return the object, or None where there was none."""
        return None if values is None else cls.load(values)

    @classmethod
    def load_list(cls, items: Sequence[Sequence[Any]]) -> list[Self]:
        """Return a list of such objects."""
        return [cls.load(values) for values in items]


def doubles(raw: bytes) -> "array[float]":
    """Return an array of floats from its bytes."""
    return array("d", raw)


def small_numbers(raw: bytes) -> "array[int]":
    """Return an array of numbers below 256 from its bytes."""
    return array("B", raw)
