"""The identity application's own commands, class 80 (mumei protocol 2.2, 2.3, 2.6; apdu_specs/identity.yaml)."""

from __future__ import annotations

from mumei_card.applet import enrolment, holder, issuing, log, parameters, presentation, settings
from mumei_card.os.registry import Registry


def register(registry: Registry) -> None:
    """STORE DATA, ENROL, STORE CREDENTIAL, DESCRIBE TERMINAL, PREPARE, PRESENT, LOG, SETTINGS."""
    registry.guard("HOLDER", holder.require_holder)
    registry.guard("ISSUING", issuing.require_issuing)
    registry.bind("STORE DATA", parameters.store_data)
    registry.bind("ENROL", enrolment.enrol)
    registry.bind("STORE CREDENTIAL", enrolment.store_credential)
    registry.bind("DESCRIBE TERMINAL", presentation.describe_terminal)
    registry.bind("PREPARE", presentation.prepare_presentation)
    registry.bind("PRESENT", presentation.present_credential)
    registry.bind("LOG", log.read_log)
    registry.bind("SETTINGS", settings.settings)
