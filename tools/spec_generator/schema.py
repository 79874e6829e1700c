"""The form of the files: JSON Schema 2020-12, with file and line in what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from .located import Mapping, Place, place_of, refuse

_MAX_TEXT = 160


def check(content: Mapping, schema: Path) -> None:
    """Raises SpecError for the gravest thing that does not have the schema's form."""
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    error = best_match(validator.iter_errors(content))
    if error is not None:
        refuse(_place(content, error), _words(error))


def _place(content: Mapping, error: ValidationError) -> Place:
    path: list[str | int] = list(error.absolute_path)
    if error.validator == "additionalProperties":
        known: dict[str, Any] = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        patterns = error.schema.get("patternProperties", {}) if isinstance(error.schema, dict) else {}
        instance = error.instance if isinstance(error.instance, Mapping) else ()
        unknown = [
            key
            for key in instance
            if key not in known and not any(re.search(pattern, key) for pattern in patterns)
        ]
        path += unknown[:1]
    return place_of(content, path)


def _words(error: ValidationError) -> str:
    if error.validator == "additionalProperties":
        return f"unknown key: {error.message}"
    if error.validator == "required":
        return f"incomplete: {error.message}"
    text = error.message if len(error.message) <= _MAX_TEXT else f"...{error.message[-_MAX_TEXT:]}"
    return f"not as schema.json has it: {text}"
