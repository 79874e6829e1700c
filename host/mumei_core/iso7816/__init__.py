"""ISO/IEC 7816-4 building blocks: APDUs, BER-TLV, status words, chaining."""
