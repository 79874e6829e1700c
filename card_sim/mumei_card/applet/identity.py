"""The identity application's own commands, class 80 (mumei protocol 2.2, 2.3, 2.6; apdu_specs/identity.yaml)."""

from __future__ import annotations

from mumei_card.applet import enrolment, log, parameters, presentation, settings
from mumei_card.os.registry import ANY_OCTET, Access, Command, Presence, Registry
from mumei_core.commands import codes


def register(registry: Registry) -> None:
    """STORE DATA, ENROL, STORE CREDENTIAL, DESCRIBE TERMINAL, PRESENT, LOG, SETTINGS."""
    registry.add(
        Command(
            name="STORE DATA",
            cla=codes.CLA_PROPRIETARY,
            ins=codes.INS_STORE_DATA,
            handler=parameters.store_data,
            p1=(parameters.MORE_BLOCKS, parameters.LAST_BLOCK),
            p2=ANY_OCTET,
            data=Presence.REQUIRED,
            answers=False,
            access=Access.HANDLER,
        )
    )
    for name, ins, handler, answers, access in (
        ("ENROL", codes.INS_ENROL, enrolment.enrol, True, Access.HANDLER),
        ("STORE CREDENTIAL", codes.INS_STORE_CREDENTIAL, enrolment.store_credential, True, Access.HANDLER),
        (
            "DESCRIBE TERMINAL",
            codes.INS_DESCRIBE_TERMINAL,
            presentation.describe_terminal,
            False,
            Access.DEVELOPMENT,
        ),
        ("PRESENT", codes.INS_PRESENT, presentation.present_credential, True, Access.TERMINAL),
    ):
        registry.add(
            Command(
                name=name,
                cla=codes.CLA_PROPRIETARY,
                ins=ins,
                handler=handler,
                data=Presence.REQUIRED,
                answers=answers,
                access=access,
            )
        )
    registry.add(
        Command(
            name="LOG",
            cla=codes.CLA_PROPRIETARY,
            ins=codes.INS_LOG,
            handler=log.read_log,
            p2=range(codes.LOG_ENTRIES),
            data=Presence.FORBIDDEN,
            answers=True,
            access=Access.CHANNEL,
        )
    )
    registry.add(
        Command(
            name="SETTINGS",
            cla=codes.CLA_PROPRIETARY,
            ins=codes.INS_SETTINGS,
            handler=settings.settings,
            data=Presence.OPTIONAL,
            answers=True,
            access=Access.CHANNEL,
        )
    )
