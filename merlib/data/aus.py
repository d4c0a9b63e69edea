"""Action units as annotators write them: the texts of CASME II, SAMM, MMEW and their kin, read with one grammar.

Beyond `4+7` the sheets hold a side before or after the number (`L10`, `12R`, `T23`, `A/L12`), intensities (`12A`,
`10A/B`), alternatives (`(R6 or R12)+R15`), doubts (`4?`), letters for units, descriptors and movements of the head
(`AU6+AU12`, `AD38`, `M58`) and remarks (`none`, `soft focus`, `ref(43)`, `ref(L10)`). Sides, intensities and numbers, of
which no two kinds share one: Ekman, Friesen and Hager, Facial Action Coding System, 2002.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from lark import Lark, Token, Transformer, UnexpectedInput

GRAMMAR = r"""
start: [item (("+" | ",") item)*]
?item: unit
     | "(" choice ")"
     | choice
     | REMARK
     | DOUBT
choice: unit (("or"i | "/") unit)+
unit: PREFIX? SIDE? NUMBER SIDE_AFTER? INTENSITY? DOUBT?

PREFIX.3: /(AU|AD|M)(?=\s*([LRTBAU](\s*\/\s*[LRTBAU])?)?\s*\d)/i
SIDE.2: /[LRTBAU](\s*\/\s*[LRTBAU])?(?=\s*\d)/i
NUMBER: /\d{1,2}(?!\d)/
SIDE_AFTER: /[LR](?![f-z\d])/i
INTENSITY: /[A-E](\s*\/\s*[A-E])?(?![a-z\d])/i
DOUBT: "?"
REMARK: /[a-z]{2,}(\s+[a-z]+)*(\s*\(\s*[LRTBAU]?\s*\d{1,2}\s*[LR]?[A-E]?\s*\))?/i

%import common.WS
%ignore WS
"""


@dataclass(frozen=True)
class AU:
    """One annotated action unit.

    `side` is L(eft), R(ight), T(op), B(ottom), A(symmetric), U(nilateral), two of them such as A/L, or None for both
    sides; `intensity` runs from A (trace) to E (maximum), None if not scored, and `up_to` is the other end of a range
    such as A/B. Units that share
    the number `choice` are alternatives: the annotators saw one of them. `doubtful` units carry a question mark.
    """

    number: int
    side: str | None = None
    intensity: str | None = None
    up_to: str | None = None
    doubtful: bool = False
    choice: int | None = None

    def __str__(self) -> str:
        upper = f"/{self.up_to}" if self.up_to else ""
        return f"{self.side or ''}{self.number}{self.intensity or ''}{upper}{'?' if self.doubtful else ''}"


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[AU, ...]:
    """The action units of one annotation, in its order; () when it names none (``, `?`, `none`).

    Remarks add no unit. A reflex or reference such as `ref(43)` is no part of the expression and adds none either.
    Raises ValueError with the text and the position when it is not an annotation of action units.
    """
    try:
        return _ToUnits().transform(_PARSER.parse(text))
    except UnexpectedInput as error:
        token, position = getattr(error, "token", None), error.pos_in_stream
        if position is None or (token is not None and token.type == "$END"):
            position = len(text)
        raise ValueError(
            f"action units {text!r}: not understood at position {position + 1}, before {text[position:]!r} "
            "(accepted: numbers joined by +, such as 4+L10, R12A, 10A/B, (R6 or R12)+R15, AD38, 4?, none)"
        ) from None


def numbers(text: str) -> frozenset[int]:
    """The numbers of all units of an annotation, whatever side and intensity; every one of its alternatives counts.

    Raises ValueError like `parse`.
    """
    return frozenset(unit.number for unit in parse(text))


def fault(text: str) -> str:
    """Why an annotation cannot be read, or nothing."""
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


class _ToUnits(Transformer):
    """Turns a parse tree into a flat tuple of AU; numbers the groups of alternatives in their order."""

    def unit(self, tokens: list[Token]) -> AU:
        parts = {token.type: token.value.upper() for token in tokens}
        intensity, _, up_to = "".join(parts.get("INTENSITY", "").split()).partition("/")
        return AU(
            number=int(parts["NUMBER"]),
            side="".join(parts.get("SIDE", "").split()) or parts.get("SIDE_AFTER"),
            intensity=intensity or None,
            up_to=up_to or None,
            doubtful="DOUBT" in parts,
        )

    def choice(self, units: list[AU]) -> list[AU]:
        return units

    def start(self, items: list[AU | list[AU] | Token | None]) -> tuple[AU, ...]:
        units, choices = [], 0
        for item in items:
            if isinstance(item, list):
                units += [replace(unit, choice=choices) for unit in item]
                choices += 1
            elif isinstance(item, AU):
                units.append(item)
        return tuple(units)


_PARSER = Lark(GRAMMAR, parser="lalr")
