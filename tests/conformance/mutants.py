"""Every mutant of the card that is kept with the suite."""

from __future__ import annotations

from . import mutants_access, mutants_application, mutants_commands, mutants_tokens
from .mutant import MUTANTS as MUTANTS
from .mutant import Mutant as Mutant

MODULES = (mutants_commands, mutants_access, mutants_application, mutants_tokens)
