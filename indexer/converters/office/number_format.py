"""Formats a cell's value as Excel shows it: percent, currencies, durations, dates.

Ours: the one library for it (a port of SheetJS's) no longer works with today's Babel.
Dates are written as in ISO 8601: what a format makes of them depends on where the file is opened.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

# ECMA-376, part 1, 18.8.31. What stands in quotes, behind a backslash or in brackets is no placeholder.
_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<exponent>[Ee][+-])|(?P<sign>General|.)',
    re.DOTALL | re.IGNORECASE,
)
_DIGITS: Final = frozenset("0#?")
_CONDITION: Final = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)")
_LONGEST: Final = 200
_NO_DATE: Final = date(1899, 12, 31)


def shown(value: object, number_format: str = "General") -> str:
    """Format a value as openpyxl gives it. Never raises."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, number_format)
    if isinstance(value, timedelta):
        return _duration(value, number_format)
    if isinstance(value, datetime):
        return _moment(value, number_format)
    return "" if value is None else _clock(value) if isinstance(value, time) else str(value)


# --- numbers --------------------------------------------------------------------------------------


def _number(value: float, number_format: str) -> str:
    if number_format == "General":
        return _general(value)
    try:
        exact = Decimal(repr(value))
        if not exact.is_finite():
            return str(value)
        made = _formatted(exact, number_format[:_LONGEST])
    except (InvalidOperation, OverflowError, ValueError):
        made = None
    return _general(value) if made is None else made


def _general(value: float) -> str:
    """Format a number without a format: with at most 11 digits."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value)) if abs(value) < 1e15 else f"{value:g}"  # noqa: PLR2004 - what a float holds exactly
    return f"{value:.10g}"


def _formatted(value: Decimal, number_format: str) -> str | None:
    """Apply a number format; None where it says nothing of how the number looks."""
    section, signed = _section(value, number_format)
    tokens = _tokens(section)
    if not section and number_format:
        return ""  # `;;;` hides it
    if section.strip() == "@":
        return None
    if not any(kind == "digit" for kind, _ in tokens):
        words = "".join(text for kind, text in tokens if kind == "text").strip()
        general = any(kind == "general" for kind, _ in tokens)
        if not general:
            return words
        rest = _general(float(value if signed else abs(value)))
        return "".join(
            rest if kind == "general" else text for kind, text in tokens if kind in {"general", "text"}
        )
    if any(text == "/" for _, text in tokens) or any(kind == "exponent" for kind, _ in tokens):
        return None  # fractions and powers: the plain number says the same
    return _laid(value if signed else abs(value), tokens)


def _section(value: Decimal, number_format: str) -> tuple[str, bool]:
    """Choose the part of the format for this number, and whether a minus is shown besides."""
    parts = _sections(number_format)
    conditions = [
        _CONDITION.search(part.partition("]")[0]) if part.startswith("[") else None for part in parts
    ]
    if any(conditions):
        for part, condition in zip(parts, conditions, strict=True):
            if condition is None or _holds(value, condition[1], Decimal(condition[2])):
                return part, True
        return "General", True
    if len(parts) == 1:
        return parts[0], True
    if value < 0:
        return parts[1], False
    return parts[2] if value == 0 and len(parts) > 2 else parts[0], True  # noqa: PLR2004 - the third is for zero


def _holds(value: Decimal, sign: str, other: Decimal) -> bool:
    return {
        "<": value < other, "<=": value <= other, ">": value > other,
        ">=": value >= other, "=": value == other, "<>": value != other,
    }[sign]  # fmt: skip


@lru_cache(maxsize=512)
def _sections(number_format: str) -> tuple[str, ...]:
    parts = [""]
    for token in _TOKEN.finditer(number_format):
        if token[0] == ";":
            parts.append("")
        else:
            parts[-1] += token[0]
    return tuple(parts[:4])


@lru_cache(maxsize=512)
def _tokens(section: str) -> tuple[tuple[str, str], ...]:
    """Tokenise a section as (kind, text): digit, point, comma, percent, text, general, exponent."""
    made: list[tuple[str, str]] = []
    for token in _TOKEN.finditer(section):
        if token["bracket"] is not None:
            # [$€-407] is a currency, [Red] a colour, [>9] a condition.
            made.append(
                ("text", token["bracket"][1:].partition("-")[0] if token["bracket"][:1] == "$" else "")
            )
        elif token["exponent"]:
            made.append(("exponent", token[0]))
        elif (sign := token["sign"]) is None:
            filler = " " if token[0][0] == "_" else ""
            made.append(("text", token["quoted"] or token["escaped"] or filler))
        elif sign.lower() == "general":
            made.append(("general", sign))
        else:
            kind = {".": "point", ",": "comma", "%": "percent"}.get(
                sign, "digit" if sign in _DIGITS else "text"
            )
            made.append((kind, sign))
    return tuple((kind, text) for kind, text in made if text)


def _laid(value: Decimal, tokens: tuple[tuple[str, str], ...]) -> str:
    """Put the digits into their places, between what else the format has."""
    last = max(n for n, (kind, _) in enumerate(tokens) if kind == "digit")
    first = min(n for n, (kind, _) in enumerate(tokens) if kind in {"digit", "point"})
    point = next((n for n, (kind, _) in enumerate(tokens) if kind == "point" and n <= last), len(tokens))
    percents = sum(kind == "percent" for kind, _ in tokens)
    thousands = next(
        (n for n, (kind, _) in enumerate(tokens[last + 1 :]) if kind != "comma"), len(tokens) - last - 1
    )
    value = value.scaleb(2 * percents - 3 * thousands)
    decimals = (
        [text for kind, text in tokens[point + 1 : last + 1] if kind == "digit"] if point < last else []
    )
    whole = [text for kind, text in tokens[first:point] if kind == "digit"]
    grouped = any(kind == "comma" for kind, _ in tokens[first : min(last, point)])
    rounded = abs(value).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    units, _, rest = f"{rounded:f}".partition(".")
    units = units.lstrip("0").rjust(whole.count("0"), "0")
    if _as_code(tokens[first:point]):
        units = _in_places(units, tokens[first:point])
    elif grouped:
        units = f"{int(units or 0):,}".rjust(len(units), "0") if units else units
    least = max((n for n, text in enumerate(decimals, 1) if text == "0"), default=0)
    rest = rest[:least] + rest[least:].rstrip("0")
    minus = "-" if value < 0 and (units.strip("0,") or rest.strip("0")) else ""
    number = units + (f".{rest}" if rest else "")
    before = "".join(text for kind, text in tokens[:first] if kind in {"text", "percent"})
    after = "".join(text for kind, text in tokens[last + 1 :] if kind in {"text", "percent"})
    return f"{minus}{before}{number}{after}".strip()


def _as_code(tokens: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether signs stand between the digits, as in 000-0000."""
    places = [n for n, (kind, _) in enumerate(tokens) if kind == "digit"]
    return any(kind == "text" for kind, _ in tokens[places[0] : places[-1]]) if places else False


def _in_places(digits: str, tokens: tuple[tuple[str, str], ...]) -> str:
    left = list(digits)
    made = ""
    count = sum(kind == "digit" for kind, _ in tokens)
    for kind, text in reversed(tokens):
        if kind == "digit":
            count -= 1
            take = len(left) if count == 0 else 1
            made = "".join(left[len(left) - take :]) + made
            del left[len(left) - take :]
        elif kind == "text" and (left or count):
            made = text + made
    return made


# --- dates and times ------------------------------------------------------------------------------


def _duration(value: timedelta, number_format: str) -> str:
    """Format a duration: [h]:mm counts beyond a day; [m] and [s] count everything in minutes or seconds."""
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    form = number_format.lower()
    if re.search(r"\[s+\]", form):
        return f"{sign}{seconds}"
    if re.search(r"\[m+\]", form):
        minutes, seconds = divmod(seconds, 60)
        return f"{sign}{minutes}" + (f":{seconds:02}" if "s" in form else "")
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if re.search(r"\[h+\]", form) and "m" not in form:
        return f"{sign}{hours}"
    return f"{sign}{hours}:{minutes:02}" + (f":{seconds:02}" if "s" in form or seconds else "")


def _moment(value: datetime, number_format: str) -> str:
    parts = _date_signs(number_format)
    if value.date() <= _NO_DATE or (parts and not parts & set("yd")):
        if "m" in parts and not parts & set("hs") and value.date() > _NO_DATE:
            return value.strftime("%B")
        return _clock(value.time())
    if parts == {"y"}:
        return f"{value.year}"
    if parts == {"y", "m"}:
        return value.strftime("%B %Y")
    return value.isoformat(" ", "minutes").removesuffix(" 00:00")


@lru_cache(maxsize=512)
def _date_signs(number_format: str) -> frozenset[str]:
    found = (token["sign"] for token in _TOKEN.finditer(number_format))
    return frozenset(sign.lower() for sign in found if sign and sign.lower() in "ymdhs")


def _clock(value: time) -> str:
    return value.isoformat("seconds").removesuffix(":00")
