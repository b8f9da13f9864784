"""Canonical rows (canonical-row.md): one text per row, equal for equal rows whichever engine read them.

Types are Iceberg's JSON types: a text ("long", "decimal(9,2)", "fixed[4]") or an object (struct, list, map).
"""

import datetime
import decimal
import hashlib
import json
import re
import struct
import uuid

EPOCH_DATE = datetime.date(1970, 1, 1)
EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


def canonical_row(values, fields):
    """The text of one row: `values` in the order of `fields`, the fields of an Iceberg JSON struct."""
    return to_json(struct_value(values, fields))


def sort_rows(rows):
    return sorted(rows, key=lambda row: row.encode())


def rows_hash(rows):
    """SHA-256, in hex, of the sorted rows, each followed by a line feed."""
    digest = hashlib.sha256()
    for row in sort_rows(rows):
        digest.update(row.encode() + b"\n")
    return digest.hexdigest()


def to_json(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text.encode()  # a lone surrogate is refused here
    return text


def canonical_value(value, type_):
    if value is None:
        return None
    if isinstance(type_, dict):
        return NESTED[type_["type"]](value, type_)
    return primitive(value, type_)


def struct_value(values, fields):
    if isinstance(values, dict):
        values = [values[field["name"]] for field in fields]
    if len(values) != len(fields):
        raise ValueError(f"{len(values)} values for {len(fields)} fields")
    named = {field["name"]: canonical_value(value, field["type"]) for value, field in zip(values, fields)}
    return {name: named[name] for name in sorted(named, key=str.encode)}


def list_value(value, type_):
    return [canonical_value(item, type_["element"]) for item in value]


def map_value(value, type_):
    entries = value.items() if isinstance(value, dict) else value
    pairs = [[canonical_value(key, type_["key"]), canonical_value(item, type_["value"])] for key, item in entries]
    return sorted(pairs, key=lambda pair: to_json(pair[0]).encode())


NESTED = {"struct": lambda value, type_: struct_value(value, type_["fields"]), "list": list_value, "map": map_value}


def primitive(value, type_):
    kind = re.match(r"[a-z_]+", type_).group()
    if kind not in PRIMITIVES:
        raise ValueError(f"no canonical form for type {type_}")
    return PRIMITIVES[kind](value, type_)


def boolean(value, _type):
    if not isinstance(value, bool):
        raise TypeError(f"not a boolean: {value!r}")
    return value


def integer(value, _type):
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"not an integer: {value!r}")
    return value


def double(value, _type):
    return layout(repr(float(value)))


def single(value, _type):
    """The fewest digits that round to the same 32-bit float, half away from zero; `value` holds that float exactly."""
    value = float(value)
    for digits in range(1, 10):
        context = decimal.Context(prec=digits, rounding=decimal.ROUND_HALF_UP)
        shorter = context.create_decimal(decimal.Decimal(value))
        if to_single(float(shorter)) == value:
            return layout(str(shorter))
    return layout(repr(value))  # NaN, which equals nothing


def to_single(value):
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def layout(text):
    """Python's text of a float, laid out as ECMAScript does (ECMA-262, Number::toString); zero keeps its sign."""
    number = decimal.Decimal(text)
    if number.is_nan():
        return "NaN"
    sign = "-" if number.is_signed() else ""
    if number.is_infinite():
        return sign + "Infinity"
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    if digits == "":
        return sign + "0"
    point = number.adjusted() + 1
    if 0 < point <= 21:
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        return sign + whole + ("." + fraction if fraction else "")
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{point - 1:+d}"


def decimal_text(value, type_):
    scale = int(re.fullmatch(r"decimal\(\s*\d+\s*,\s*(\d+)\s*\)", type_).group(1))
    with decimal.localcontext() as context:
        context.prec = 60
        context.traps[decimal.Inexact] = True
        exact = decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-scale))
    return f"{abs(exact) if exact == 0 else exact:f}"


def date(value, _type):
    return date_text(value if isinstance(value, int) else (value - EPOCH_DATE).days)


def time(value, _type):
    if not isinstance(value, int):
        value = ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    return time_text(value, 6)


def timestamp(value, type_):
    """`value`: an integer in the type's unit, or a datetime, which is in UTC if it has no zone of its own."""
    nanos = type_.endswith("_ns")
    if not isinstance(value, int):
        if nanos:
            raise TypeError("a datetime cannot hold nanoseconds: give an integer")
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        value = (value - EPOCH) // MICROSECOND
    days, rest = divmod(value, 86_400 * (10**9 if nanos else 10**6))
    zone = "Z" if type_.startswith("timestamptz") else ""
    return f"{date_text(days)}T{time_text(rest, 9 if nanos else 6)}{zone}"


def time_text(value, digits):
    seconds, fraction = divmod(value, 10**digits)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}.{fraction:0{digits}}"


def date_text(days):
    """The proleptic Gregorian date of a day number (days from 0000-03-01 in eras of 400 years)."""
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    year += era * 400 + (1 if month <= 2 else 0)
    year_text = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"
    return f"{year_text}-{month:02}-{day:02}"


def string(value, _type):
    if not isinstance(value, str):
        raise TypeError(f"not a string: {value!r}")
    return value


def uuid_text(value, _type):
    return str(value if isinstance(value, uuid.UUID) else uuid.UUID(bytes=value) if isinstance(value, bytes) else uuid.UUID(value))


def binary(value, _type):
    return bytes(value).hex()


def variant(value, _type):
    """`value`: JSON text."""
    return sorted_keys(json.loads(value, parse_float=lambda text: double(float(text), None)))


def sorted_keys(value):
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value, key=str.encode)}
    return [sorted_keys(item) for item in value] if isinstance(value, list) else value


PRIMITIVES = {
    "boolean": boolean,
    "int": integer,
    "long": integer,
    "float": single,
    "double": double,
    "decimal": decimal_text,
    "date": date,
    "time": time,
    "timestamp": timestamp,
    "timestamptz": timestamp,
    "timestamp_ns": timestamp,
    "timestamptz_ns": timestamp,
    "string": string,
    "uuid": uuid_text,
    "fixed": binary,
    "binary": binary,
    "geometry": binary,
    "geography": binary,
    "variant": variant,
    "unknown": lambda value, _type: None,
}
