#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_json.py NAME: is standard input one JSON document that fits the schema the command prints for NAME (compare-1)?

The part of JSON Schema that schema/*.json use; a keyword it does not know is an error, so that none is passed over."""
import json
import re
import subprocess
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
NOTES = {"$schema", "$id", "title", "description"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(value, schema, path):
    wrong = []
    for key, want in schema.items():
        if key in NOTES or key in ("properties", "items", "additionalProperties"):
            continue
        if key == "type":
            ok = any(is_type(value, t) for t in (want if isinstance(want, list) else [want]))
        elif key == "const":
            ok = value == want
        elif key == "enum":
            ok = value in want
        elif key == "required":
            ok = not isinstance(value, dict) or all(name in value for name in want)
        elif key == "minimum":
            ok = value is None or value >= want
        elif key == "maximum":
            ok = value is None or value <= want
        elif key == "minItems":
            ok = len(value) >= want
        elif key == "maxItems":
            ok = len(value) <= want
        elif key == "pattern":
            ok = re.search(want, value) is not None
        elif key == "oneOf":
            ok = sum(not check(value, s, path) for s in want) == 1
        else:
            sys.exit(f"check_json: keyword {key} is not known")
        if not ok:
            wrong.append(f"{path}: {key} {want!r} does not hold for {value!r:.80}")
    if wrong:
        return wrong
    if isinstance(value, dict):
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(inner, dict):
                wrong += check(item, inner, f"{path}.{name}")
            elif "properties" in schema:
                wrong.append(f"{path}: {name} is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            wrong += check(item, schema["items"], f"{path}[{i}]")
    return wrong


def main():
    name = sys.argv[1]
    schema = json.loads(subprocess.run(["likeness", "schema", name], capture_output=True, check=True).stdout)
    wrong = check(json.load(sys.stdin), schema, "$")
    print("\n".join(wrong) if wrong else f"a {name} document")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
