"""The form every module keeps: short, introduced by a docstring; packages import nothing by themselves."""

import ast
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = ("host", "card_sim", "tools")
MODULES = sorted(path for folder in SOURCES for path in (PROJECT / folder).rglob("*.py"))
REFERENCE = sorted((PROJECT / "tests" / "vectors" / "reference").rglob("*.py"))
LOCKS = sorted((PROJECT / "tools" / "setup" / "locks").glob("*.txt"))
MAX_LINES = 400


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_names(tree: ast.Module) -> set[str]:
    """Return the top-level package of every import, wherever in the module it stands."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


# Tables to look things up in.
GENERATED = {
    name_of(path)
    for path in MODULES
    if "Written by tools/gen_commands.py" in path.read_text(encoding="utf-8")[:200]
}


def test_every_module_says_what_it_is() -> None:
    assert [name_of(path) for path in MODULES if not ast.get_docstring(parse(path))] == []


def test_packages_hold_their_docstring_and_nothing_else() -> None:
    packages = [path for path in MODULES if path.name == "__init__.py"]

    assert packages
    assert [name_of(path) for path in packages if len(parse(path).body) != 1] == []


def test_every_module_is_short_enough_to_be_read_in_one_go() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}

    too_long = {name for name, length in lengths.items() if length > MAX_LINES}
    assert too_long <= GENERATED


def test_each_import_package_is_marked_as_typed() -> None:
    for package in ("host/mumei", "host/mumei_core", "card_sim/mumei_card"):
        assert (PROJECT / package / "py.typed").is_file(), package


def test_the_reference_implementation_imports_nothing_of_ours() -> None:
    assert REFERENCE
    ours = {"mumei", "mumei_core", "mumei_card"}
    assert [name_of(path) for path in REFERENCE if imported_names(parse(path)) & ours] == []


def test_the_locks_name_every_file_by_hash_and_no_index() -> None:
    assert LOCKS
    for lock in LOCKS:
        text = lock.read_text(encoding="utf-8")
        pins = [line for line in text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]

        assert "://" not in text, lock.name
        assert [pin for pin in pins if "--hash=sha256:" not in pin] == [], lock.name
