"""What really gets imported: fresh interpreters look at `sys.modules`; import-linter reads the source."""

import json
import subprocess
import sys

import pytest

HOST_ONLY = {"pairing", "hash_to_curve", "issuer", "verifier", "prove", "open", "combine"}
CURVE_LIBRARIES = {"pyblst", "py_arkworks_bls12381"}

IMPORT_ALL = """
import importlib, pkgutil
def import_all(package):
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        if ".migrations." not in module.name:  # scripts that only Alembic can run
            importlib.import_module(module.name)
"""

ASK_FOR_HELP = """
import sys
from importlib.metadata import entry_points
sys.argv = ["mumei", "--help"]
try:
    next(iter(entry_points(group="console_scripts", name="mumei"))).load()()
except SystemExit as end:
    if end.code:
        raise
"""


def modules_after(code: str) -> set[str]:
    """Run `code` in a new interpreter, outside the source tree; return the names of the modules it loaded."""
    report = "\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-I", "-c", code + report]
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return set(json.loads(finished.stdout.splitlines()[-1]))


def top_levels(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_the_software_card_loads_only_what_a_chip_can_do() -> None:
    loaded = modules_after(IMPORT_ALL + "import_all('mumei_card')")

    core = {name for name in loaded if name.startswith("mumei_core.")}
    assert {name for name in core if name.rpartition(".")[2] in HOST_ONLY} == set()
    assert top_levels(loaded) & {"mumei", "click", "rich", "smartcard", "sqlalchemy", "alembic"} == set()


def test_the_shared_core_loads_neither_side() -> None:
    loaded = modules_after(IMPORT_ALL + "import_all('mumei_core')")

    assert top_levels(loaded) & {"mumei", "mumei_card", "click", "rich", "smartcard", "sqlalchemy"} == set()


def test_the_product_loads_no_card_and_no_pyscard() -> None:
    loaded = modules_after(IMPORT_ALL + "import_all('mumei')")

    assert top_levels(loaded) & {"mumei_card", "smartcard"} == set()


@pytest.mark.parametrize("package", ["mumei_core", "mumei", "mumei_card"])
def test_every_module_can_be_imported_where_pyscard_is_absent(package: str) -> None:
    modules_after("import sys\nsys.modules['smartcard'] = None" + IMPORT_ALL + f"import_all({package!r})")


def test_the_software_card_is_reached_in_process_without_pyscard() -> None:
    loaded = modules_after(
        "from mumei.transport import simulator\n"
        "from importlib.metadata import entry_points\n"
        "next(iter(entry_points(group=simulator.GROUP, name=simulator.DEFAULT_PROVIDER))).load()\n"
    )

    assert "mumei_card" in loaded
    assert "smartcard" not in top_levels(loaded)


def test_help_answers_without_pyscard_and_curve_library() -> None:
    loaded = modules_after(ASK_FOR_HELP)

    assert top_levels(loaded) & {"smartcard", *CURVE_LIBRARIES} == set()
