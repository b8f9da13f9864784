"""Canonical rows of what canonical-row.test.ts sends, a line each: [fields, values], with floats as the hex of their 8
bytes, binaries as hex, decimals as text, maps as pairs."""

import decimal
import json
import struct
import sys

from canonical_row import canonical_row


def decode(value, type_):
    if value is None:
        return None
    if isinstance(type_, dict):
        if type_["type"] == "struct":
            return [decode(item, field["type"]) for item, field in zip(value, type_["fields"])]
        if type_["type"] == "list":
            return [decode(item, type_["element"]) for item in value]
        return [(decode(key, type_["key"]), decode(item, type_["value"])) for key, item in value]
    if type_ in ("float", "double"):
        return struct.unpack(">d", bytes.fromhex(value))[0]
    if type_ == "binary":
        return bytes.fromhex(value)
    return decimal.Decimal(value) if type_.startswith("decimal") else value


for line in sys.stdin:
    fields, values = json.loads(line)
    sys.stdout.write(canonical_row([decode(value, field["type"]) for value, field in zip(values, fields)], fields) + "\n")
