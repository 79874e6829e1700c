"""Makes the repository root importable for the tests of this folder: `from tests.vectors.reference import mumei`."""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)
