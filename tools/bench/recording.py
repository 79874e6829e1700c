"""One real verification, watched: which primitive operations it did, each ready to be done again by itself.

The interpreter's profile hook sees every call, so nothing is replaced and nothing is counted by hand. What it
cannot see are the library's ``+`` and ``*``: additions are taken from our own ``Point`` around them, and products
in the pairing's field from the number of Miller loops that one side of an equation multiplies.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from types import BuiltinFunctionType, CodeType, FrameType
from typing import Any, Final

from mumei_core.crypto import pairing
from mumei_core.crypto.curve import FixedBase, Point, R
from mumei_core.crypto.hashing import Ciphersuite


class Primitive(StrEnum):
    """What a verification is made of."""

    DECODING = "point decoding, subgroup check included"
    MULTIPLICATION = "multiplication of a point that varies"
    FIXED_BASE = "multiplication of a fixed point, by table"
    ADDITION = "addition of points"
    COMPRESSION = "compression of a first move"
    HASH_TO_SCALAR = "hash_to_scalar"
    MILLER_LOOP = "Miller loop"
    FIELD_PRODUCT = "product in Fp12"
    FINAL_EXPONENTIATION = "final exponentiation"


Operation = Callable[[], object]
Recording = Mapping[Primitive, list[Operation]]

_FIXED_BASE: Final = FixedBase.multiply.__code__
_ADD: Final = Point.__add__.__code__
_SUBTRACT: Final = Point.__sub__.__code__
_HASH_TO_SCALAR: Final = Ciphersuite.hash_to_scalar.__code__
_MILLER_LOOPS: Final = pairing._miller_loops.__code__


def record(work: Callable[[], object]) -> Recording:
    """Do ``work`` once; return its primitives with the operands it used."""
    recorder = _Recorder()
    sys.setprofile(recorder)
    try:
        work()
    finally:
        sys.setprofile(None)
    return recorder.found


class _Recorder:
    def __init__(self) -> None:
        self.found: dict[Primitive, list[Operation]] = {primitive: [] for primitive in Primitive}

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self._python_call(frame.f_code, frame.f_locals)
        elif event == "c_call":
            self._library_call(argument, frame.f_locals)

    def _python_call(self, code: CodeType, values: Mapping[str, Any]) -> None:
        if code is _FIXED_BASE:
            # Without a table the work shows as an ordinary multiplication.
            if values["self"]._rows is not None:
                self._add(Primitive.FIXED_BASE, partial(values["self"].multiply, values["scalar"]))
        elif code is _ADD or code is _SUBTRACT:
            left, right = values["self"]._element, values["other"]._element
            add = operator.add if code is _ADD else _subtract
            self._add(Primitive.ADDITION, partial(add, left, right))
        elif code is _HASH_TO_SCALAR:
            self._add(
                Primitive.HASH_TO_SCALAR,
                partial(values["self"].hash_to_scalar, values["message"], values["dst"]),
            )
        elif code is _MILLER_LOOPS:
            factors = [pairing._miller_loops([pair]) for pair in values["pairs"]]
            for factor in factors[1:]:
                self._add(Primitive.FIELD_PRODUCT, partial(operator.mul, factors[0], factor))

    def _library_call(self, function: BuiltinFunctionType, values: Mapping[str, Any]) -> None:
        name = function.__name__
        if name == "uncompress":
            self._add(Primitive.DECODING, partial(function, values["octets"]))
        elif name == "scalar_mul":
            self._add(Primitive.MULTIPLICATION, partial(function, values["scalar"] % R))
        elif name == "compress":
            self._add(Primitive.COMPRESSION, partial(function))
        elif name == "miller_loop":
            self._add(Primitive.MILLER_LOOP, partial(function, values["p"]._element, values["q"]._element))
        elif name == "final_verify":
            left, right = (pairing._miller_loops(values[side]) for side in ("left", "right"))
            self._add(Primitive.FINAL_EXPONENTIATION, partial(function, left, right))

    def _add(self, primitive: Primitive, operation: Operation) -> None:
        self.found[primitive].append(operation)


def _subtract(left: Any, right: Any) -> Any:
    return left + -right
