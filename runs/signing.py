"""what a person signs with a key of their own, and the check of it: Ed25519, nothing kept.

The private key stays with the person, as PEM (PKCS#8); the record has the 32 bytes of the public
one. Only this module knows the library.
"""

import hashlib
from typing import NamedTuple

from runs.errors import InvalidInput
from runs.records.record import canonical

FORM = "pilotage/decision/1"


class Statement(NamedTuple):
    """Exactly what a person signs when they decide."""

    customer: str
    approval: str
    subject: str
    """The digest they were shown."""
    kind: str
    person: str
    key: str
    signed_at: str
    """As the decision says it, so that whoever checks needs no clock's form."""

    def canonical(self) -> bytes:
        """The bytes that are signed: canonical JSON that says its form."""
        return canonical({**self._asdict(), "schema": FORM})


def make_key() -> bytes:
    """A new private key, as PEM; whoever asked for it keeps it, nobody else ever sees it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    made = Ed25519PrivateKey.generate()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_of(private: bytes) -> str:
    """The public key of a private one, as 64 hexadecimal digits; InvalidInput when it is none."""
    return _private(private).public_key().public_bytes_raw().hex()


def read_public(text: bytes) -> str:
    """The public key in a PEM file, private or public; InvalidInput when there is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY" in text:
        return public_of(text)
    try:
        found = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise InvalidInput(
            "this is no Ed25519 key in PEM; make one with `pilotage key new --out FILE`"
        )
    return found.public_bytes_raw().hex()


def pem_of(public: str) -> bytes:
    """The public key as PEM, for `openssl` and for files."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def name_of(public: str) -> str:
    """The id of a key: the beginning of the digest of its bytes."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def sign(private: bytes, said: bytes) -> str:
    """The signature of these bytes, as 128 hexadecimal digits."""
    return _private(private).sign(said).hex()


def is_signed(public: str, said: bytes, signature: str) -> bool:
    """True when the owner of the key signed exactly these bytes; False for anything else."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), said)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(text: bytes):
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise InvalidInput(
            "this is no private Ed25519 key in PEM (PKCS#8, without a passphrase); make one with "
            "`pilotage key new --out FILE`"
        )
    return found
