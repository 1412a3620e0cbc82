"""Who gets which variant of a campaign: in the wanted shares at every moment, and in no order that means anything."""

from __future__ import annotations

from collections.abc import Sequence

_GOLDEN = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: steps of it fill the circle evenly, however many are made."""
_CIRCLE = 2**64


class Shares:
    """``variants`` with their share in percent of the test; ``test_share`` percent of all people are in it."""

    def __init__(self, variants: Sequence[tuple[int, int]], test_share: int) -> None:
        self._variants = variants
        self._is_single = len(variants) == 1
        tested = (test_share or 100) / 100
        ends, so_far = list[float](), 0.0
        for _id, share in variants:
            so_far += tested * share / 100
            ends.append(so_far)
        if tested == 1 and ends:
            ends[-1] = 1.0
        self._ends = ends

    def of(self, place: int) -> int:
        """The variant of the person at this place of those who get it; 0 waits for the winner."""
        if self._is_single:
            return self._variants[0][0]
        point = ((place * _GOLDEN + _GOLDEN // 2) % _CIRCLE >> 11) / 2**53
        for (variant_id, _share), end in zip(self._variants, self._ends, strict=True):
            if point < end:
                return variant_id
        return 0
