"""Writes what apdu_specs says as Python and as Markdown, or with --check says what is stale.

The specs are the contract between card and host; constants, catalogue, messages and reference are generated, so
that neither side can hold a number of its own. What contradicts itself or is incomplete is refused, with file and
line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.spec_generator import catalogue, checks, constants, messages, reader, reference  # noqa: E402
from tools.spec_generator.located import SpecError  # noqa: E402


def generate(folder: Path) -> dict[Path, str]:
    """Path, below the project's root, to text. Depends on nothing but the specs. Raises SpecError."""
    specifications = reader.read(folder)
    checks.check(specifications)
    writers = (constants.files, catalogue.files, messages.files, reference.files)
    return {path: text for write in writers for path, text in write(specifications).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a generated file is stale"
    )
    parser.add_argument("--specs", type=Path, default=ROOT / "apdu_specs", help="where the specs are")
    arguments = parser.parse_args()
    try:
        texts = generate(arguments.specs)
    except SpecError as error:
        print(f"apdu_specs/{error}", file=sys.stderr)
        return 1
    stale = [path for path, text in texts.items() if _present(path) != text]
    if arguments.check:
        for path in stale:
            print(f"{path} is stale: run tools/gen_commands.py", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(texts[path], encoding="utf-8")
    return 0


def _present(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""


if __name__ == "__main__":
    raise SystemExit(main())
