"""What the registry keeps of each issuance beside the enrolment: the card's answer, its trustees, P_r (2.2).

**Sensitive:** ``renewal_pseudonym`` beside a name; it links to nothing that relying parties see. What is sealed in
``answer`` only trustees open.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from mumei.office.database.models import Base


class IssuingRow(Base):
    """One for each enrolment since shares are made; an enrolment without is of a card that cannot be revoked.

    ``answer``: the card's E3; ``share_point``: F_0, new among all records; ``trustees``: the list's octets, and
    ``trustee_list`` their digest; ``attestation``: SHA-256 of the chip's key, which serves one commitment.
    ``shown_request``, ``shown_presentation``: a renewal's evidence, until it is issued.
    """

    __tablename__ = "issuing"
    __table_args__ = (
        CheckConstraint("purpose IN (1, 2)", name="purpose"),
        CheckConstraint("(purpose = 2) = (renews_id IS NOT NULL)", name="renews_something"),
    )

    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolment.id"), primary_key=True, autoincrement=False
    )
    purpose: Mapped[int]
    renews_id: Mapped[int | None] = mapped_column(ForeignKey("enrolment.id"))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    share_point: Mapped[bytes | None] = mapped_column(LargeBinary(48), unique=True)
    trustees: Mapped[bytes | None] = mapped_column(LargeBinary)
    trustee_list: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    attestation: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    shown_request: Mapped[bytes | None] = mapped_column(LargeBinary)
    shown_presentation: Mapped[bytes | None] = mapped_column(LargeBinary)
    renewal_pseudonym: Mapped[bytes | None] = mapped_column(LargeBinary(48))
