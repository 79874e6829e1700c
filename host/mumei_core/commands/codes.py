"""What apdu_specs says, as constants. Written by tools/gen_commands.py; do not edit.

Each constant carries the clause it comes from. TAG_* are BER-TLV tags as numbers, INS_* and CLA_* octets,
SW_* status words SW1-SW2 (where a card puts a number into the last digit or octet, that part is 0 here).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CLA_ISO: Final = 0x00  # ISO/IEC 7816-4:2005 5.1.1, channel 0, no secure messaging
CLA_PROPRIETARY: Final = 0x80  # ISO/IEC 7816-4:2005 5.1.1, proprietary class

# apdu_specs/card.yaml
# the mumei application; ISO/IEC 7816-4:2005 8.2.1.2, proprietary identifier
AID: Final = bytes.fromhex("F06D756D65690101")
FID_EF_DIR: Final = 0x2F00  # EF.DIR; ISO/IEC 7816-4:2005 8.2.1.1
FID_EF_ATR: Final = 0x2F01  # EF.ATR/INFO; ISO/IEC 7816-4:2005 8.2.1.1
SFI_EF_DIR: Final = 0x1E  # EF.DIR; ISO/IEC 7816-4:2005 8.2.1.1
SFI_EF_ATR: Final = 0x01  # EF.ATR/INFO; ISO/IEC 7816-4:2005 8.2.1.1
PROFILE_STANDARD: Final = 0x02  # answers inside channels only; project
PROFILE_DEVELOPMENT: Final = 0x01  # no channel, plain PIN commands; project
APPLICATION_VERSION: Final = 0x01  # version in the FCI; project
MAX_COMMAND: Final = 0x1000  # octets in a whole command APDU; ISO/IEC 7816-4:2005 8.2.1.1 (DO 7F66)
MAX_RESPONSE: Final = 0x1000  # octets in a whole response APDU; ISO/IEC 7816-4:2005 8.2.1.1 (DO 7F66)
TAG_FCI: Final = 0x6F  # ISO/IEC 7816-4:2005 5.3.3
TAG_FCP: Final = 0x62  # ISO/IEC 7816-4:2005 5.3.3
TAG_FILE_SIZE: Final = 0x80  # ISO/IEC 7816-4:2005 5.3.3, in FCP
TAG_FILE_DESCRIPTOR: Final = 0x82  # ISO/IEC 7816-4:2005 5.3.3, in FCP
TAG_FILE_IDENTIFIER: Final = 0x83  # ISO/IEC 7816-4:2005 5.3.3, in FCP
TAG_DF_NAME: Final = 0x84  # ISO/IEC 7816-4:2005 5.3.3, in FCP and FCI
TAG_SHORT_FILE_IDENTIFIER: Final = 0x88  # ISO/IEC 7816-4:2005 5.3.3, in FCP
TAG_LIFE_CYCLE: Final = 0x8A  # ISO/IEC 7816-4:2005 5.3.3.2, in FCP
TAG_PROPRIETARY_INFORMATION: Final = 0xA5  # ISO/IEC 7816-4:2005 5.3.3, in FCI
TAG_FCI_APPLICATION_VERSION: Final = 0x80  # project, in A5
TAG_FCI_PROFILE: Final = 0x81  # project, in A5
TAG_APPLICATION_TEMPLATE: Final = 0x61  # ISO/IEC 7816-4:2005 8.2.1.3, in EF.DIR
TAG_AID: Final = 0x4F  # ISO/IEC 7816-4:2005 8.2.1.2, in EF.DIR
TAG_APPLICATION_LABEL: Final = 0x50  # ISO/IEC 7816-4:2005 8.2.1.4, in EF.DIR
TAG_CARD_SERVICE_DATA: Final = 0x43  # ISO/IEC 7816-4:2005 8.1.1.2.3
TAG_CARD_CAPABILITIES: Final = 0x47  # ISO/IEC 7816-4:2005 8.1.1.2.7
# ISO/IEC 7816-4:2005 8.1.1.3, in EF.ATR/INFO and, compact, in the historical bytes
TAG_LIFE_CYCLE_STATUS: Final = 0x48
TAG_EXTENDED_LENGTH_INFORMATION: Final = 0x7F66  # ICAO Doc 9303-10 (8th ed.) 3.11.1, table 29
TAG_OPERATION_COUNTERS: Final = 0xE7  # project, development profile
TAG_COUNT_G1_MULTIPLICATIONS: Final = 0x80  # project, in E7, 4 octets
TAG_COUNT_G1_ADDITIONS: Final = 0x81  # project, in E7, 4 octets
TAG_COUNT_HASH_TO_CURVE: Final = 0x82  # project, in E7, 4 octets
TAG_COUNT_HASH_TO_SCALAR: Final = 0x83  # project, in E7, 4 octets
TAG_COUNT_NVM_WRITES: Final = 0x84  # project, in E7, 4 octets
TAG_COUNT_RANDOM_OCTETS: Final = 0x85  # project, in E7, 4 octets

# apdu_specs/cvc.yaml
# id-TA-ECDSA-SHA-256, value octets; TR-03110-3 v2.21 A.7.3
OID_TA_ECDSA_SHA_256: Final = bytes.fromhex("04007F00070202020203")
OID_ROLE_IS: Final = bytes.fromhex("04007F000703010201")  # id-IS, value octets; TR-03110-3 v2.21 C.4
OID_ROLE_AT: Final = bytes.fromhex("04007F000703010202")  # id-AT, value octets; TR-03110-3 v2.21 C.4
OID_ROLE_ST: Final = bytes.fromhex("04007F000703010203")  # id-ST, value octets; TR-03110-3 v2.21 C.4
# id-description, value octets; TR-03110-3 v2.21 C.3.2
OID_DESCRIPTION: Final = bytes.fromhex("04007F000703010301")
# extension with this project's rights, value octets; project, arc 2.25
OID_MUMEI_RIGHTS: Final = bytes.fromhex("6981F790E2FCE18BB2DBD598F0FAC2EADADFD918")
CERTIFICATE_PROFILE: Final = 0x00  # the only certificate profile there is; TR-03110-3 v2.21 C.1.1
CHALLENGE_LENGTH: Final = 0x08  # octets in r_PICC; TR-03110-3 v2.21 B.3
STATEMENT_DIGITS: Final = 0x00  # type of an audited statement: digit table and ages; project 2.5
STATEMENT_CONTEXT: Final = 0x01  # type of an audited statement: relying party's context; project 2.5
STATEMENT_SLOTS: Final = 0x02  # type of an audited statement: slot points of an epoch and bucket; project 2.5
# type of an audited statement: point to recognise a card by within an epoch; project 2.5
STATEMENT_RECOGNISE: Final = 0x03
STATEMENT_ISSUER_KEY: Final = 0x04  # type of an audited statement: issuer's key and its days; project 2.5
STATEMENT_TRUSTEES: Final = 0x05  # type of an audited statement: list of trustees; project 2.5
# type of an audited statement: the key that follows a pinned one; project 2.2
STATEMENT_SUCCESSOR: Final = 0x06
TAG_CERTIFICATE: Final = 0x7F21  # TR-03110-3 v2.21 D.2, CV certificate
TAG_CERTIFICATE_BODY: Final = 0x7F4E  # TR-03110-3 v2.21 D.2, in 7F21
TAG_CERTIFICATE_SIGNATURE: Final = 0x5F37  # TR-03110-3 v2.21 D.2, in 7F21
TAG_CERTIFICATE_PROFILE: Final = 0x5F29  # TR-03110-3 v2.21 D.2, in 7F4E
TAG_CERTIFICATE_CAR: Final = 0x42  # TR-03110-3 v2.21 D.2, in 7F4E: certification authority reference
TAG_CERTIFICATE_CHR: Final = 0x5F20  # TR-03110-3 v2.21 D.2, in 7F4E: certificate holder reference
TAG_CERTIFICATE_EFFECTIVE: Final = 0x5F25  # TR-03110-3 v2.21 D.2, in 7F4E
TAG_CERTIFICATE_EXPIRATION: Final = 0x5F24  # TR-03110-3 v2.21 D.2, in 7F4E
TAG_EXTENSION: Final = 0x73  # TR-03110-3 v2.21 D.2, in 65 and 67: discretionary data template
TAG_EXTENSION_CONTENT: Final = 0x80  # TR-03110-3 v2.21 C.3, in 73
TAG_KEY_PRIME: Final = 0x81  # TR-03110-3 v2.21 D.3.3, in 7F49
TAG_KEY_A: Final = 0x82  # TR-03110-3 v2.21 D.3.3, in 7F49
TAG_KEY_B: Final = 0x83  # TR-03110-3 v2.21 D.3.3, in 7F49
TAG_KEY_GENERATOR: Final = 0x84  # TR-03110-3 v2.21 D.3.3, in 7F49
TAG_KEY_ORDER: Final = 0x85  # TR-03110-3 v2.21 D.3.3, in 7F49
TAG_KEY_COFACTOR: Final = 0x87  # TR-03110-3 v2.21 D.3.3, in 7F49
TAG_RIGHTS_RELYING_PARTY: Final = 0xA0  # project, apdu_specs/mumei.asn1
TAG_RIGHTS_PREDICATES: Final = 0xA1  # project, apdu_specs/mumei.asn1
TAG_RIGHTS_ATTRIBUTES: Final = 0x82  # project, apdu_specs/mumei.asn1
TAG_RIGHTS_FLAGS: Final = 0x83  # project, apdu_specs/mumei.asn1
TAG_RIGHTS_HOLDER_VERIFICATION: Final = 0x84  # project, apdu_specs/mumei.asn1
TAG_PARTY_OP: Final = 0x80  # project, apdu_specs/mumei.asn1, in A0
TAG_PARTY_VERIFIER_KEY: Final = 0x81  # project, apdu_specs/mumei.asn1, in A0
TAG_PARTY_AUDITOR_SIGNATURE: Final = 0x82  # project, apdu_specs/mumei.asn1, in A0
TAG_STATEMENT_VERIFIER_KEY: Final = 0x80  # project, apdu_specs/mumei.asn1, in a context's record
TAG_TRUST: Final = 0xE8  # project, STORE DATA
TAG_TRUST_VERSION: Final = 0x80  # project, in E8, 1 octet
TAG_TRUST_DATE: Final = 0x81  # project, in E8, 4 octets, day of personalisation
TAG_TRUST_POINTS: Final = 0xA2  # project, in E8, one or two self-signed CVCA certificates 7F21
TAG_TRUST_AUDITOR_KEYS: Final = 0x83  # project, in E8, one or two points of P-256, 65 octets each
TAG_TRUST_ROOT_KEYS: Final = 0x84  # project, in E8, issuer's root, one or two points of 65 octets
TAG_TRUST_AUTHORITY_KEYS: Final = 0x85  # project, in E8, revocation authority, one or two points of 65 octets
TAG_DER_INTEGER: Final = 0x02  # project, ITU-T X.690 (2021) 8.3
TAG_DER_OCTET_STRING: Final = 0x04  # project, ITU-T X.690 (2021) 8.7
TAG_DER_UTF8_STRING: Final = 0x0C  # project, ITU-T X.690 (2021) 8.23
TAG_DER_SET: Final = 0x31  # project, ITU-T X.690 (2021) 8.12
TAG_DER_SEQUENCE: Final = 0x30  # project, ITU-T X.690 (2021) 8.9

# apdu_specs/eac.yaml
# id-PACE-ECDH-GM-AES-CBC-CMAC-128; BSI TR-03110-3 v2.21 A.1.1.1
OID_PACE_ECDH_GM_AES_128: Final = bytes.fromhex("04007F00070202040202")
# id-PACE-ECDH-GM-AES-CBC-CMAC-192; BSI TR-03110-3 v2.21 A.1.1.1
OID_PACE_ECDH_GM_AES_192: Final = bytes.fromhex("04007F00070202040203")
# id-PACE-ECDH-GM-AES-CBC-CMAC-256; BSI TR-03110-3 v2.21 A.1.1.1
OID_PACE_ECDH_GM_AES_256: Final = bytes.fromhex("04007F00070202040204")
PACE_VERSION: Final = 0x02  # version in PACEInfo; BSI TR-03110-3 v2.21 A.1.1.1
# standardised domain parameters: NIST P-256; BSI TR-03110-3 v2.21 A.2.1.1, table 4
PARAMETERS_P256: Final = 0x0C
# standardised domain parameters: brainpoolP256r1; BSI TR-03110-3 v2.21 A.2.1.1, table 4
PARAMETERS_BRAINPOOL_P256R1: Final = 0x0D
FID_EF_CARD_ACCESS: Final = 0x011C  # EF.CardAccess; ICAO Doc 9303-10 (8th ed.) 3.11.3
SFI_EF_CARD_ACCESS: Final = 0x1C  # EF.CardAccess; ICAO Doc 9303-10 (8th ed.) 3.11.3
PASSWORD_SHOP_CODE: Final = 0x01  # password: shop code; project, the standard's MRZ
PASSWORD_CAN: Final = 0x02  # password: CAN; BSI TR-03110-3 v2.21 B.14.2
PASSWORD_PIN: Final = 0x03  # password: PIN; BSI TR-03110-3 v2.21 B.14.2
PASSWORD_PUK: Final = 0x04  # password: PUK; BSI TR-03110-3 v2.21 B.14.2
SHOP_CODE_DIGITS: Final = 0x02  # digits in a shop code; project
SHOP_CODE_CONTACT: Final = bytes.fromhex("3030")  # the published shop code over contacts; project
SHOP_CODES: Final = 0x10  # shop codes of contactless cards: 01..16; project
CAN_DIGITS: Final = 0x06  # digits in a CAN; BSI TR-03110-2 v2.21 2.2, CAN
SET_AT_PACE_P1: Final = 0xC1  # MSE:Set AT for mutual authentication; BSI TR-03110-3 v2.21 B.14.2
SET_AT_TA_P1: Final = 0x81  # MSE:Set AT for external authentication; Set DST; BSI TR-03110-3 v2.21 B.14.2
SET_AT_P2: Final = 0xA4  # template for authentication; BSI TR-03110-3 v2.21 B.14.2
SET_DST_P2: Final = 0xB6  # template for digital signature; BSI TR-03110-3 v2.21 B.14.2
VERIFY_CERTIFICATE_P2: Final = 0xBE  # PSO: VERIFY CERTIFICATE, self-descriptive; BSI TR-03110-3 v2.21 B.14.5
CHANGE_PIN_P1: Final = 0x02  # RESET RETRY COUNTER: change; BSI TR-03110-3 v2.21 B.14.9
UNBLOCK_PIN_P1: Final = 0x03  # RESET RETRY COUNTER: unblock; BSI TR-03110-3 v2.21 B.14.9
TAG_MECHANISM: Final = 0x80  # BSI TR-03110-3 v2.21 B.14.2, in MSE:Set AT: value of an object identifier
# BSI TR-03110-3 v2.21 B.14.2, in MSE:Set AT and Set DST: password, or name of a public key
TAG_KEY_REFERENCE: Final = 0x83
TAG_DOMAIN_PARAMETERS: Final = 0x84  # BSI TR-03110-3 v2.21 B.14.2, in MSE:Set AT
TAG_AUXILIARY_DATA: Final = 0x67  # BSI TR-03110-3 v2.21 B.14.2, in MSE:Set AT
TAG_EPHEMERAL_KEY: Final = 0x91  # BSI TR-03110-3 v2.21 B.14.2, in MSE:Set AT: compressed public key
TAG_CHAT: Final = 0x7F4C  # BSI TR-03110-3 v2.21 C.1.5, D.2
TAG_CHAT_BITS: Final = 0x53  # BSI TR-03110-3 v2.21 C.1.5, in 7F4C
TAG_CERTIFICATE_EXTENSIONS: Final = 0x65  # BSI TR-03110-3 v2.21 C.1, C.3
TAG_OBJECT_IDENTIFIER: Final = 0x06  # BSI TR-03110-3 v2.21 D.2
TAG_DYNAMIC_AUTHENTICATION: Final = 0x7C  # BSI TR-03110-3 v2.21 B.14.1
TAG_PACE_ENCRYPTED_NONCE: Final = 0x80  # BSI TR-03110-3 v2.21 B.1, in 7C
TAG_PACE_TERMINAL_MAPPING: Final = 0x81  # BSI TR-03110-3 v2.21 B.1, in 7C
TAG_PACE_CARD_MAPPING: Final = 0x82  # BSI TR-03110-3 v2.21 B.1, in 7C
TAG_PACE_TERMINAL_KEY: Final = 0x83  # BSI TR-03110-3 v2.21 B.1, in 7C
TAG_PACE_CARD_KEY: Final = 0x84  # BSI TR-03110-3 v2.21 B.1, in 7C
TAG_PACE_TERMINAL_TOKEN: Final = 0x85  # BSI TR-03110-3 v2.21 B.1, in 7C
TAG_PACE_CARD_TOKEN: Final = 0x86  # BSI TR-03110-3 v2.21 B.1, in 7C
TAG_PACE_CAR: Final = 0x87  # BSI TR-03110-3 v2.21 B.1, in 7C: most recent certification authority reference
TAG_PACE_PREVIOUS_CAR: Final = 0x88  # BSI TR-03110-3 v2.21 B.1, in 7C: the one before
TAG_PUBLIC_KEY: Final = 0x7F49  # BSI TR-03110-3 v2.21 D.3
TAG_PUBLIC_POINT: Final = 0x86  # BSI TR-03110-3 v2.21 D.3.3, in 7F49: 04 || X || Y
TAG_SM_CRYPTOGRAM: Final = 0x87  # BSI TR-03110-3 v2.21 F.3, padding indicator 01 and cryptogram, even INS
TAG_SM_CRYPTOGRAM_ODD: Final = 0x85  # BSI TR-03110-3 v2.21 F.3, cryptogram, odd INS
TAG_SM_LE: Final = 0x97  # BSI TR-03110-3 v2.21 F.3
TAG_SM_STATUS: Final = 0x99  # BSI TR-03110-3 v2.21 F.3
TAG_SM_MAC: Final = 0x8E  # BSI TR-03110-3 v2.21 F.3

# apdu_specs/gp.yaml
# the issuer security domain; GlobalPlatform Card Specification 2.3 H.1.3
ISD_AID: Final = bytes.fromhex("A000000151000000")
CLA_SCP03: Final = 0x84  # class of commands protected by SCP03; GlobalPlatform Card Specification 2.3 11.1.4
SCP03_IDENTIFIER: Final = 0x03  # protocol identifier; GlobalPlatform Amendment D v1.1.2, 7.1.1.6
SCP03_INITIAL_KVN: Final = 0x30  # key version number of a new card; project
SCP03_MAX_KVN: Final = 0x7F  # highest key version number; GlobalPlatform Card Specification 2.3 11.8.2.1
KEY_TYPE_AES: Final = 0x88  # key type AES; GlobalPlatform Card Specification 2.3 11.1.8
SECURITY_DOMAIN_TRIES: Final = 0x0A  # failed authentications before the keys are blocked; project
# P1 of GET STATUS and SET STATUS: issuer security domain; GlobalPlatform Card Specification 2.3 11.4.2.1
STATUS_OF_ISD: Final = 0x80
# P2 of GET STATUS: first or all, as TLV; GlobalPlatform Card Specification 2.3 11.4.2.2
STATUS_AS_TLV: Final = 0x02
# P2 of PUT KEY: several keys, from identifier 01; GlobalPlatform Card Specification 2.3 11.8.2.2
PUT_KEY_ALL: Final = 0x81
LIFE_CYCLE_OP_READY: Final = 0x01  # new; GlobalPlatform Card Specification 2.3 11.1.1, table 11-6
# parameters loaded; GlobalPlatform Card Specification 2.3 11.1.1, table 11-6
LIFE_CYCLE_INITIALIZED: Final = 0x07
LIFE_CYCLE_SECURED: Final = 0x0F  # issued; GlobalPlatform Card Specification 2.3 11.1.1, table 11-6
# locked by the issuer; GlobalPlatform Card Specification 2.3 11.1.1, table 11-6
LIFE_CYCLE_LOCKED: Final = 0x7F
LIFE_CYCLE_TERMINATED: Final = 0xFF  # the end; GlobalPlatform Card Specification 2.3 11.1.1, table 11-6
TAG_GP_REGISTRY_ENTRY: Final = 0xE3  # GlobalPlatform Card Specification 2.3 11.4.3.1
TAG_GP_LIFE_CYCLE: Final = 0x9F70  # GlobalPlatform Card Specification 2.3 11.4.3.1, in E3, 1 octet
TAG_GP_MAX_COMMAND_DATA: Final = 0x9F65  # GlobalPlatform Card Specification 2.3 11.9.3.1, in A5 of the FCI

# apdu_specs/identity.yaml
DATA_VERSION: Final = 0x01  # value of every version object (tag 80), but for ENROL's answer; project
# value of the version object in ENROL's answer; version 1 had neither shares nor link proof; project 2.2
ENROLMENT_VERSION: Final = 0x02
# records of issuer keys that a card holds; the next one replaces the one that ends first; project 2.2
ISSUER_KEYS: Final = 0x03
LOG_ENTRIES: Final = 0x20  # entries in the card's own log; the next one replaces the oldest; project
TAG_REQUEST: Final = 0xE1  # mumei protocol 1 PRESENT
TAG_REQUEST_VERSION: Final = 0x80  # mumei protocol 1 in E1, 1 octet
TAG_REQUEST_RP_CONTEXT: Final = 0x81  # mumei protocol 1 in E1, 1..255 octets
TAG_REQUEST_NONCE: Final = 0x82  # mumei protocol 1 in E1, 32 octets, the terminal's, fresh
TAG_REQUEST_DATE: Final = 0x83  # mumei protocol 1 in E1, 4 octets, day
TAG_REQUEST_PREDICATES: Final = 0xA4  # mumei protocol 1 in E1
TAG_PREDICATE_AGE: Final = 0x80  # mumei protocol 1 in A4, kind, years
TAG_PREDICATE_DAY: Final = 0x81  # mumei protocol 1 in A4, kind, day in 3 octets
TAG_REQUEST_DISCLOSED: Final = 0x85  # mumei protocol 1 in E1, 1 octet, attribute mask
TAG_REQUEST_PSEUDONYM: Final = 0x86  # mumei protocol 1 in E1, 01
# mumei protocol 1 in E1, 01, epoch, bucket (a slot's token) or 02, epoch (recognise)
TAG_REQUEST_TOKEN: Final = 0x87
TAG_REQUEST_TRANSACTION: Final = 0x88  # mumei protocol 1 in E1, 32 octets, transaction hash
TAG_REQUEST_CHANNEL_BINDING: Final = 0x89  # mumei protocol 1 in E1, 32 octets
TAG_REQUEST_DIGIT_TABLE: Final = 0x8A  # mumei protocol 1 in E1, 32 octets, hash of the digit table
TAG_TERMINAL: Final = 0xE2  # mumei protocol 1 DESCRIBE TERMINAL
TAG_TERMINAL_VERSION: Final = 0x80  # mumei protocol 1 in E2, 1 octet
TAG_TERMINAL_RP_CONTEXT: Final = 0x81  # mumei protocol 1 in E2, 1..255 octets
TAG_TERMINAL_DISPLAY_NAME: Final = 0x82  # mumei protocol 1 in E2, UTF-8
TAG_TERMINAL_PSEUDONYM_BASE: Final = 0x83  # mumei protocol 1 in E2, 96 octets, OP uncompressed
TAG_TERMINAL_PREDICATES: Final = 0xA4  # mumei protocol 1 in E2, objects as in a request's A4
TAG_TERMINAL_ATTRIBUTES: Final = 0x85  # mumei protocol 1 in E2, 1 octet, attribute mask
TAG_TERMINAL_PSEUDONYM: Final = 0x86  # mumei protocol 1 in E2, 01
TAG_TERMINAL_HOLDER_VERIFICATION: Final = 0x87  # mumei protocol 1 in E2, 1 octet
TAG_TERMINAL_NOT_BEFORE: Final = 0x88  # mumei protocol 1 in E2, 4 octets, day
TAG_TERMINAL_NOT_AFTER: Final = 0x89  # mumei protocol 1 in E2, 4 octets, day
TAG_TERMINAL_RECOGNISE: Final = 0x8A  # mumei protocol 1 in E2, 01
TAG_ENROL: Final = 0xE3  # mumei protocol 1 ENROL
TAG_ENROL_VERSION: Final = 0x80  # mumei protocol 1 in E3, 1 octet
TAG_ENROL_NONCE: Final = 0x81  # mumei protocol 1 in E3, 32 octets, the issuer's
TAG_ENROL_COMMITMENT: Final = 0x82  # mumei protocol 1 in E3, 176 octets, commitment with proof
TAG_ENROL_ISSUER_KEY_HASH: Final = 0x83  # mumei protocol 1 in E3, SHA-256(PK) that the card pinned
TAG_ENROL_TABLE_HASH: Final = 0x84  # mumei protocol 1 in E3, hash of the digit table that the card pinned
TAG_ENROL_CERTIFICATE: Final = 0x85  # mumei protocol 1 in E3, card maker's certificate of the attestation key
TAG_ENROL_ATTESTATION: Final = 0x86  # mumei protocol 1 in E3, 64 octets, signature over the attested message
TAG_ENROL_SHARE_POINTS: Final = 0x87  # mumei protocol 1 in E3, F_0..F_(t-1), 48 octets each
TAG_ENROL_RENEWAL_POINT: Final = 0x88  # mumei protocol 1 in E3, 48 octets, N'
TAG_ENROL_LINK_PROOF: Final = 0x89  # mumei protocol 1 in E3, 128 octets
TAG_ENROL_SEALED_SHARES: Final = 0x8A  # mumei protocol 1 in E3, 113 octets for each trustee
TAG_ENROL_TRUSTEE_LIST: Final = 0x8B  # mumei protocol 1 in E3, 32 octets, SHA-256 of the list of trustees
TAG_CREDENTIAL: Final = 0xE4  # mumei protocol 1 STORE CREDENTIAL
TAG_CREDENTIAL_VERSION: Final = 0x80  # mumei protocol 1 in E4, 1 octet
TAG_CREDENTIAL_VALID_UNTIL: Final = 0x81  # mumei protocol 1 in E4, 4 octets, day
TAG_CREDENTIAL_ISSUER_KEY_HASH: Final = 0x82  # mumei protocol 1 in E4, SHA-256(PK)
TAG_CREDENTIAL_ATTRIBUTES: Final = 0xA3  # mumei protocol 1 in E4
TAG_ATTRIBUTE_BIRTH_DATE: Final = 0x80  # mumei protocol 1 in A3, 4 octets
TAG_ATTRIBUTE_PREFECTURE: Final = 0x81  # mumei protocol 1 in A3, 4 octets
TAG_ATTRIBUTE_MUNICIPALITY: Final = 0x82  # mumei protocol 1 in A3, 4 octets
TAG_ATTRIBUTE_CIVIL_IDENTITY: Final = 0x83  # mumei protocol 1 in A3, CBOR
TAG_ATTRIBUTE_RESIDENT_CODE: Final = 0x84  # mumei protocol 1 in A3, 11 digits
TAG_CREDENTIAL_SIGNATURE: Final = 0x84  # mumei protocol 1 in E4, 80 octets
TAG_CREDENTIAL_SIGNER_NYM_ENTROPY: Final = 0x85  # mumei protocol 1 in E4, 32 octets
TAG_CREDENTIAL_COMMON_KEY_PROOF: Final = 0x86  # mumei protocol 1 in E4, 64 octets
TAG_CREDENTIAL_ISSUANCE_DATE: Final = 0x87  # mumei protocol 1 in E4, 4 octets, day
TAG_CREDENTIAL_RECEIPT: Final = 0x88  # mumei protocol 1 in E4 of the answer, SHA-256 of the command data
TAG_PARAMETERS: Final = 0xE5  # mumei protocol 1 STORE DATA
TAG_PARAMETERS_VERSION: Final = 0x80  # mumei protocol 1 in E5, 1 octet
TAG_PARAMETERS_PROFILE: Final = 0x81  # mumei protocol 1 in E5, 1 octet
TAG_PARAMETERS_PUBLIC_KEY: Final = 0x82  # mumei protocol 1 in E5, 96 octets, PK
TAG_PARAMETERS_W1: Final = 0x83  # mumei protocol 1 in E5, 48 octets, the issuer's key in G1
TAG_PARAMETERS_X: Final = 0x84  # mumei protocol 1 in E5, 96 octets, key of the digit table
TAG_PARAMETERS_A_TABLE: Final = 0x85  # mumei protocol 1 in E5, 24,576 octets, 256 points uncompressed
TAG_PARAMETERS_W_TABLE: Final = 0x86  # mumei protocol 1 in E5, 24,576 octets, 256 points uncompressed
TAG_PARAMETERS_AGES: Final = 0x87  # mumei protocol 1 in E5, ages answered without PIN, 1 octet each
TAG_PARAMETERS_DATE: Final = 0x88  # mumei protocol 1 in E5, 4 octets, day of personalisation
# mumei protocol 1 in E5, root's and auditor's statement about X, tables and ages
TAG_PARAMETERS_STATEMENT: Final = 0x89
TAG_LOG_ENTRY: Final = 0xE6  # mumei protocol 1 LOG
TAG_LOG_ENTRY_VERSION: Final = 0x80  # mumei protocol 1 in E6, 1 octet
TAG_LOG_ENTRY_SEQUENCE: Final = 0x81  # mumei protocol 1 in E6, 4 octets, 1 for the card's first presentation
TAG_LOG_ENTRY_DATE: Final = 0x82  # mumei protocol 1 in E6, 4 octets, day of the request
# mumei protocol 1 in E6, 1 octet: 00 interrupted, 01 proven, 02 cannot prove
TAG_LOG_ENTRY_OUTCOME: Final = 0x83
# mumei protocol 1 in E6, 1 octet: 01 pseudonym, 02 transaction, 04 PIN used
TAG_LOG_ENTRY_CIRCUMSTANCES: Final = 0x84
TAG_LOG_ENTRY_ATTRIBUTES: Final = 0x85  # mumei protocol 1 in E6, 1 octet, attribute mask, 00 for none
# mumei protocol 1 in E6, 20 octets: four places of A4's tag, kind, value in 3 octets
TAG_LOG_ENTRY_PREDICATES: Final = 0x86
TAG_LOG_ENTRY_CONTEXT_HASH: Final = 0x87  # mumei protocol 1 in E6, 32 octets, SHA-256(rp_context)
TAG_LOG_ENTRY_DISPLAY_NAME: Final = 0x88  # mumei protocol 1 in E6, 129 octets: length, UTF-8, zeros
TAG_SETTINGS: Final = 0xE7  # mumei protocol 1 SETTINGS
TAG_SETTINGS_VERSION: Final = 0x80  # mumei protocol 1 in E7, 1 octet
TAG_SETTINGS_AGE_WITHOUT_PIN: Final = 0x81  # mumei protocol 1 in E7, 1 octet: 01 on, 00 off
TAG_SETTINGS_ALWAYS_PIN: Final = 0x82  # mumei protocol 1 in E7, 1 octet: 01 on, 00 off
TAG_SLOT: Final = 0xED  # mumei protocol 1 PRESENT
TAG_SLOT_VERSION: Final = 0x80  # mumei protocol 1 in ED, 1 octet
TAG_SLOT_POINT: Final = 0x81  # mumei protocol 1 in ED, 96 octets, the slot's point, uncompressed
TAG_SLOT_PATH: Final = 0x82  # mumei protocol 1 in ED, 128 octets, four hashes, the leaf's sibling first

# apdu_specs/pin.yaml
REFERENCE_PIN: Final = 0x03  # P2 of the PIN commands: PIN; TR-03110-3 v2.21 B.14, password 03
REFERENCE_PUK: Final = 0x04  # P2 of the PIN commands: PUK; TR-03110-3 v2.21 B.14, password 04
PIN_DIGITS: Final = 0x06  # digits in a PIN; TR-03110-2 v2.21 2.2, PIN
TRANSPORT_PIN_DIGITS: Final = 0x05  # digits in a transport PIN; TR-03110-2 v2.21 2.2, transport PIN
PUK_DIGITS: Final = 0x08  # digits in a PUK; project
PIN_TRIES: Final = 0x03  # tries for the PIN; project
PUK_TRIES: Final = 0x0A  # tries for the PUK; project

# Instructions
INS_SELECT: Final = 0xA4  # class 00, ISO/IEC 7816-4:2005 7.1.1
INS_READ_BINARY: Final = 0xB0  # class 00, ISO/IEC 7816-4:2005 7.2.3
INS_GET_CHALLENGE: Final = 0x84  # class 00, ISO/IEC 7816-4:2005 7.5.3
INS_GET_DATA: Final = 0xCA  # class 00, ISO/IEC 7816-4:2005 7.4.2
INS_GET_RESPONSE: Final = 0xC0  # class 00, ISO/IEC 7816-4:2005 7.6.1
INS_PERFORM_SECURITY_OPERATION: Final = 0x2A  # class 00, TR-03110-3 v2.21 B.3, PSO: Verify Certificate
INS_EXTERNAL_AUTHENTICATE: Final = 0x82  # class 00, TR-03110-3 v2.21 B.3
INS_MANAGE_SECURITY_ENVIRONMENT: Final = 0x22  # class 00, BSI TR-03110-3 v2.21 B.14.2, B.14.4
INS_GENERAL_AUTHENTICATE: Final = 0x86  # class 00, BSI TR-03110-3 v2.21 B.14.1
INS_INITIALIZE_UPDATE: Final = 0x50  # class 80, GlobalPlatform Amendment D v1.1.2, 7.1.1
INS_SCP03_EXTERNAL_AUTHENTICATE: Final = 0x82  # class 84, GlobalPlatform Amendment D v1.1.2, 7.1.2
# class 80, GlobalPlatform Card Specification 2.3 11.8, with Amendment D v1.1.2, 7.2
INS_PUT_KEY: Final = 0xD8
INS_GET_STATUS: Final = 0xF2  # class 80, GlobalPlatform Card Specification 2.3 11.4
INS_SET_STATUS: Final = 0xF0  # class 80, GlobalPlatform Card Specification 2.3 11.10
INS_ENROL: Final = 0x30  # class 80, project 2.2
INS_STORE_CREDENTIAL: Final = 0x32  # class 80, project 2.2
INS_PRESENT: Final = 0x34  # class 80, project 2.3, 2.5
INS_PREPARE: Final = 0x36  # class 80, project 2.5
INS_LOG: Final = 0x38  # class 80, project 2.6
INS_SETTINGS: Final = 0x3A  # class 80, project 2.6
INS_LINK: Final = 0x3C  # class 80, project 2.5 (reserved)
INS_DESCRIBE_TERMINAL: Final = 0x3E  # class 80, project 2.6, development profile only
INS_STORE_DATA: Final = 0xE2  # class 80, GlobalPlatform Card Specification 2.3, 11.11
INS_VERIFY: Final = 0x20  # class 00, ISO/IEC 7816-4:2005 7.5.6
INS_CHANGE_REFERENCE_DATA: Final = 0x24  # class 00, ISO/IEC 7816-4:2005 7.5.7
INS_RESET_RETRY_COUNTER: Final = 0x2C  # class 00, ISO/IEC 7816-4:2005 7.5.10; BSI TR-03110-3 v2.21 B.14.9

COMMAND_NAMES: Final[Mapping[tuple[int, int], str]] = MappingProxyType(
    {
        (0x00, 0xA4): "SELECT",
        (0x00, 0xB0): "READ BINARY",
        (0x00, 0x84): "GET CHALLENGE",
        (0x00, 0xCA): "GET DATA",
        (0x00, 0xC0): "GET RESPONSE",
        (0x00, 0x2A): "PERFORM SECURITY OPERATION",
        (0x00, 0x82): "EXTERNAL AUTHENTICATE",
        (0x00, 0x22): "MANAGE SECURITY ENVIRONMENT",
        (0x00, 0x86): "GENERAL AUTHENTICATE",
        (0x80, 0x50): "INITIALIZE UPDATE",
        (0x84, 0x82): "SCP03 EXTERNAL AUTHENTICATE",
        (0x80, 0xD8): "PUT KEY",
        (0x80, 0xF2): "GET STATUS",
        (0x80, 0xF0): "SET STATUS",
        (0x80, 0x30): "ENROL",
        (0x80, 0x32): "STORE CREDENTIAL",
        (0x80, 0x34): "PRESENT",
        (0x80, 0x36): "PREPARE",
        (0x80, 0x38): "LOG",
        (0x80, 0x3A): "SETTINGS",
        (0x80, 0x3C): "LINK",
        (0x80, 0x3E): "DESCRIBE TERMINAL",
        (0x80, 0xE2): "STORE DATA",
        (0x00, 0x20): "VERIFY",
        (0x00, 0x24): "CHANGE REFERENCE DATA",
        (0x00, 0x2C): "RESET RETRY COUNTER",
    }
)
"""(CLA, INS) to the name that specs and traces use."""

SECRET_COMMANDS: Final[frozenset[tuple[int, int]]] = frozenset(
    {
        (0x00, 0xC0),  # GET RESPONSE
        (0x80, 0x50),  # INITIALIZE UPDATE
        (0x80, 0xD8),  # PUT KEY
        (0x80, 0x30),  # ENROL
        (0x80, 0x32),  # STORE CREDENTIAL
        (0x80, 0x34),  # PRESENT
        (0x80, 0x38),  # LOG
        (0x00, 0x20),  # VERIFY
        (0x00, 0x24),  # CHANGE REFERENCE DATA
        (0x00, 0x2C),  # RESET RETRY COUNTER
    }
)
"""(CLA, INS) of commands with secrets in what is sent or answered; the catalogue says which objects."""

# Status words
SW_OK: Final = 0x9000  # ISO/IEC 7816-4:2005 5.1.3
SW_MORE_DATA: Final = 0x6100  # ISO/IEC 7816-4:2005 5.1.3, last octet a number
SW_END_OF_FILE: Final = 0x6282  # ISO/IEC 7816-4:2005 5.1.3
SW_DEACTIVATED: Final = 0x6283  # ISO/IEC 7816-4:2005 5.1.3
SW_AUTHENTICATION_FAILED: Final = 0x6300  # ISO/IEC 7816-4:2005 5.1.3
SW_TRIES_LEFT: Final = 0x63C0  # ISO/IEC 7816-4:2005 5.1.3, last digit a number
SW_MEMORY_FAILURE: Final = 0x6581  # ISO/IEC 7816-4:2005 5.1.3
SW_WRONG_LENGTH: Final = 0x6700  # ISO/IEC 7816-4:2005 5.1.3
SW_CHANNEL_NOT_SUPPORTED: Final = 0x6881  # ISO/IEC 7816-4:2005 5.1.3
SW_SECURE_MESSAGING_NOT_SUPPORTED: Final = 0x6882  # ISO/IEC 7816-4:2005 5.1.3
SW_LAST_COMMAND_EXPECTED: Final = 0x6883  # ISO/IEC 7816-4:2005 5.1.3
SW_CHAINING_NOT_SUPPORTED: Final = 0x6884  # ISO/IEC 7816-4:2005 5.1.3
SW_WRONG_FILE_TYPE: Final = 0x6981  # ISO/IEC 7816-4:2005 5.1.3
SW_SECURITY_STATUS: Final = 0x6982  # ISO/IEC 7816-4:2005 5.1.3
SW_BLOCKED: Final = 0x6983  # ISO/IEC 7816-4:2005 5.1.3
SW_REFERENCE_DATA_UNUSABLE: Final = 0x6984  # ISO/IEC 7816-4:2005 5.1.3
SW_CONDITIONS: Final = 0x6985  # ISO/IEC 7816-4:2005 5.1.3
SW_NO_CURRENT_FILE: Final = 0x6986  # ISO/IEC 7816-4:2005 5.1.3
SW_SM_OBJECT_MISSING: Final = 0x6987  # ISO/IEC 7816-4:2005 5.1.3
SW_SM_OBJECT_WRONG: Final = 0x6988  # ISO/IEC 7816-4:2005 5.1.3
SW_WRONG_DATA: Final = 0x6A80  # ISO/IEC 7816-4:2005 5.1.3
SW_FUNCTION_NOT_SUPPORTED: Final = 0x6A81  # ISO/IEC 7816-4:2005 5.1.3
SW_NOT_FOUND: Final = 0x6A82  # ISO/IEC 7816-4:2005 5.1.3
SW_RECORD_NOT_FOUND: Final = 0x6A83  # ISO/IEC 7816-4:2005 5.1.3
SW_NO_SPACE: Final = 0x6A84  # ISO/IEC 7816-4:2005 5.1.3
SW_WRONG_P1_P2: Final = 0x6A86  # ISO/IEC 7816-4:2005 5.1.3
SW_LC_AGAINST_P1_P2: Final = 0x6A87  # ISO/IEC 7816-4:2005 5.1.3
SW_REFERENCE_NOT_FOUND: Final = 0x6A88  # ISO/IEC 7816-4:2005 5.1.3
SW_FILE_EXISTS: Final = 0x6A89  # ISO/IEC 7816-4:2005 5.1.3
SW_APPLICATION_EXISTS: Final = 0x6A8A  # ISO/IEC 7816-4:2005 5.1.3
SW_WRONG_OFFSET: Final = 0x6B00  # ISO/IEC 7816-4:2005 5.1.3
SW_WRONG_LE: Final = 0x6C00  # ISO/IEC 7816-4:2005 5.1.3, last octet a number
SW_INS_NOT_SUPPORTED: Final = 0x6D00  # ISO/IEC 7816-4:2005 5.1.3
SW_CLA_NOT_SUPPORTED: Final = 0x6E00  # ISO/IEC 7816-4:2005 5.1.3
SW_NO_DIAGNOSIS: Final = 0x6F00  # ISO/IEC 7816-4:2005 5.1.3

STATUS_WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        SW_OK: "done",
        SW_MORE_DATA: "done; more octets wait, fetch them with GET RESPONSE",
        SW_END_OF_FILE: "the file ended before Le octets were read",
        SW_DEACTIVATED: "the selected file or reference data are deactivated",
        SW_AUTHENTICATION_FAILED: "authentication failed",
        SW_TRIES_LEFT: "wrong, or not yet verified; the last digit says how many tries are left",
        SW_MEMORY_FAILURE: "writing to memory failed",
        SW_WRONG_LENGTH: "wrong length",
        SW_CHANNEL_NOT_SUPPORTED: "the card has no such logical channel",
        SW_SECURE_MESSAGING_NOT_SUPPORTED: "the card does not do secure messaging here",
        SW_LAST_COMMAND_EXPECTED: "another command came in the middle of a chain",
        SW_CHAINING_NOT_SUPPORTED: "the command cannot be chained",
        SW_WRONG_FILE_TYPE: "the command does not fit this kind of file",
        SW_SECURITY_STATUS: "not allowed before the right authentication",
        SW_BLOCKED: "no tries are left: blocked",
        SW_REFERENCE_DATA_UNUSABLE: "the reference data cannot be used yet",
        SW_CONDITIONS: "the card is not in the state that this command needs",
        SW_NO_CURRENT_FILE: "no file is selected",
        SW_SM_OBJECT_MISSING: "a secure messaging data object is missing",
        SW_SM_OBJECT_WRONG: "a secure messaging data object is wrong",
        SW_WRONG_DATA: "the data field is not what the command needs",
        SW_FUNCTION_NOT_SUPPORTED: "the function is not supported",
        SW_NOT_FOUND: "no such file or application",
        SW_RECORD_NOT_FOUND: "no such record",
        SW_NO_SPACE: "no space is left",
        SW_WRONG_P1_P2: "P1 or P2 is wrong",
        SW_LC_AGAINST_P1_P2: "the data field does not go with P1 and P2",
        SW_REFERENCE_NOT_FOUND: "no such reference data or data object",
        SW_FILE_EXISTS: "the file exists already",
        SW_APPLICATION_EXISTS: "the application exists already",
        SW_WRONG_OFFSET: "the offset lies outside the file",
        SW_WRONG_LE: "send again with the Le in the last octet",
        SW_INS_NOT_SUPPORTED: "the card does not know this instruction",
        SW_CLA_NOT_SUPPORTED: "the card does not know this class",
        SW_NO_DIAGNOSIS: "the card failed and does not say why",
    }
)
"""Status word to its meaning; those that carry a number stand under number 0."""
