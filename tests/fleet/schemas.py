"""Reads lines of [name, schema, instance]; writes [name, complaint or null] for each.

For jsonschema of Debian 12 (4.10) and later ones. All references are to files beside the schema.
"""

import json
import pathlib
import sys
import warnings

from jsonschema import Draft202012Validator

warnings.simplefilter("ignore", DeprecationWarning)
from jsonschema import RefResolver  # noqa: E402  (deprecated in 4.18, which has another way; 4.10 has not)

folder = pathlib.Path(sys.argv[1]).resolve()
store = {}
for path in sorted(folder.rglob("*.json")):
    store[path.as_uri()] = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(store[path.as_uri()])


def validator(name):
    uri = (folder / name).as_uri()
    return Draft202012Validator(store[uri], resolver=RefResolver(uri, store[uri], store=store))


validators = {}
for line in sys.stdin:
    name, schema, instance = json.loads(line)
    if schema not in validators:
        validators[schema] = validator(schema)
    error = next(validators[schema].iter_errors(instance), None)
    place = "/".join(str(part) for part in error.absolute_path) if error else None
    print(json.dumps([name, f"{place}: {error.message}"[:300] if error else None]))
