"""What the personaliser says to a card's security domain: life cycle and key rotation (GlobalPlatform Card
Specification 2.3, 11.4, 11.8, 11.10). All of it inside SCP03.
"""

from __future__ import annotations

import hmac

from mumei.session.channel import Channel
from mumei.session.scp03 import Scp03Channel
from mumei_core.commands import codes
from mumei_core.commands.messages import gp as messages
from mumei_core.errors import ProtocolError
from mumei_core.gp.keys import PutKeyData, StaticKeys
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.iso7816 import ber_tlv


def life_cycle(channel: Channel) -> LifeCycle:
    """The card's state. Raises CardRefused outside SCP03, ProtocolError; and what Channel.send raises."""
    octets = channel.execute(messages.get_status(), doing="say its state")
    try:
        entry = {
            item.tag: item.value for item in ber_tlv.parse_one(octets, codes.TAG_GP_REGISTRY_ENTRY).children()
        }
        return LifeCycle(int.from_bytes(entry[codes.TAG_GP_LIFE_CYCLE]))
    except (ber_tlv.TlvError, KeyError, ValueError) as error:
        raise ProtocolError("the card says its state in a way that is not known") from error


def set_life_cycle(channel: Channel, state: LifeCycle) -> None:
    """One step of the life cycle. TERMINATED erases the card's secrets and cannot be undone.

    Raises CardRefused 69 85 for a step that does not lead from here, or for which something is missing.
    """
    channel.execute(messages.set_status(state=state), doing=f"become {state.name}")


def secure(channel: Channel) -> None:
    """Bring a card that holds its credential to SECURED, from wherever an earlier attempt broke off.

    Afterwards its security domain cannot be seen any more. Raises as :func:`set_life_cycle`.
    """
    state = life_cycle(channel)
    if state is LifeCycle.OP_READY:
        set_life_cycle(channel, LifeCycle.INITIALIZED)
    if state in (LifeCycle.OP_READY, LifeCycle.INITIALIZED):
        set_life_cycle(channel, LifeCycle.SECURED)


def rotate_keys(channel: Scp03Channel, new: StaticKeys, *, version: int) -> None:
    """PUT KEY: replace the card's static keys by ``new`` under ``version`` (1 to 127).

    The open channel goes on; the next one needs the new keys. Raises CardRefused where the card keeps the old ones,
    ProtocolError where it confirms others.
    """
    data = PutKeyData(version=version, keys=new)
    octets = data.to_bytes(channel.static_keys.dek)
    command = messages.put_key(
        key_version_number=channel.key_version, new_key_version_number=octets[:1], keys=octets[1:]
    )
    confirmed = channel.execute(command, doing="take new keys")
    if not hmac.compare_digest(confirmed, data.confirmation()):
        raise ProtocolError(
            "the card confirms other keys than it was given",
            hint="Do not use this card: it may be that nobody knows its keys.",
        )
    channel.key_version, channel.static_keys = version, new
