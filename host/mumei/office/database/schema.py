"""Every table of the registry: importing this module makes :data:`METADATA` whole."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

from sqlalchemy import MetaData

from mumei.office import database
from mumei.office.database.models import Base

# Each room's tables stand in a module of its own.
for _module in pkgutil.iter_modules(database.__path__, f"{database.__name__}."):
    if _module.name.rpartition(".")[2].startswith("models"):
        importlib.import_module(_module.name)

METADATA: Final[MetaData] = Base.metadata
