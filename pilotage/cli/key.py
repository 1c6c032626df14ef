"""the keys with which people sign their decisions: made, registered, revoked."""

import os
from pathlib import Path

import click

from pilotage.cli.call import Call, pass_call
from pilotage.cli.output import as_json as json_option
from pilotage.cli.output import show, table, when
from runs import keys, signing
from runs.errors import InvalidInput
from runs.keys import Proof
from runs.records.person import Identity

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
signs_with = click.option(
    "--key",
    "file",
    type=FILE,
    help="Your private key, which signs this; PILOTAGE_KEY unless given.",
)
"""The option of every command that is signed."""


@click.group(
    epilog="Examples:\n\n  pilotage key new --out ~/pilotage.pem\n\n"
    "  pilotage key add ~/pilotage.pem.pub"
)
def key() -> None:
    """The keys with which people sign their decisions."""


@key.command(
    "new",
    epilog="Examples:\n\n  pilotage key new --out ~/pilotage.pem\n\n"
    "  pilotage key add ~/pilotage.pem.pub",
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@json_option
@pass_call
def make(call: Call, *, out: Path, as_json: bool) -> None:
    """Make a private key for you alone, and the public one beside it; registers nothing."""
    private = signing.make_key()
    public = signing.public_of(private)
    name, beside = signing.name_of(public), Path(f"{out}.pub")
    _write(out, private, 0o600)
    _write(beside, signing.pem_of(public), 0o644)
    value = {"key": name, "private": str(out), "public": str(beside)}
    show("key_made", value, [f"key {name}: {out}, readable by you alone"], as_json=as_json)
    call.say(f"next: pilotage key add {beside}; keep {out}, nobody can make it again")


@key.command(
    epilog="Examples:\n\n  pilotage key add ~/pilotage.pem.pub\n\n"
    "  pilotage key add ~/next.pem.pub --key ~/pilotage.pem"
)
@click.argument("public", type=FILE)
@signs_with
@json_option
@pass_call
def add(call: Call, *, public: Path, file: Path | None, as_json: bool) -> None:
    """Register your own public key; from then on you decide with it.

    Whoever has a key signs for the next one with it.
    """
    who, found = call.holder, signing.read_public(public.read_bytes())
    proof = find_proof(call, who, "add", key=signing.name_of(found), file=file)
    added = keys.add(call.store, who, found, proof)
    says = f"key {added.id} of {added.person}: registered"
    show("key", added.as_json(), [says], as_json=as_json)
    call.say("from now on: pilotage approval approve ID --key FILE, or set PILOTAGE_KEY")


@key.command("list", epilog="Examples:\n\n  pilotage key list\n\n  pilotage key list --json")
@json_option
@pass_call
def list_keys(call: Call, *, as_json: bool) -> None:
    """Every key of this customer's people."""
    found = [one.as_json() for one in keys.find_all(call.store, call.customer)]
    rows = [
        (
            one["id"],
            one["person"],
            when(one["added_at"]),
            f"revoked {when(one['revoked_at'])}" if one["revoked_at"] else "",
        )
        for one in found
    ]
    lines = table(("key", "person", "since", ""), rows, none="nobody signs; pilotage key new")
    show("keys", {"keys": found}, lines, as_json=as_json)


@key.command(
    epilog="Examples:\n\n  pilotage key revoke 1f2e3d --key ~/pilotage.pem\n\n"
    "  pilotage key revoke 1f2e3d"
)
@click.argument("id")
@signs_with
@json_option
@pass_call
def revoke(call: Call, *, id: str, file: Path | None, as_json: bool) -> None:
    """End a key: signed with it, or by an owner who is somebody else."""
    who = call.holder
    meant = keys.get(call.store, who.customer, id)
    proof = find_proof(call, who, "revoke", key=meant.id, file=file)
    ended = keys.revoke(call.store, who, meant.id, proof)
    show("key", ended.as_json(), [f"key {ended.id} of {ended.person}: revoked"], as_json=as_json)


def find_private(call: Call, file: Path | None) -> bytes | None:
    """The private key that was named, or that PILOTAGE_KEY names; None where neither is."""
    named = file or (Path(call.settings.key).expanduser() if call.settings.key else None)
    if named is None:
        return None
    try:
        return named.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{named}: cannot be read ({error.strerror}); name your key with --key FILE"
        ) from None


def find_proof(
    call: Call, who: Identity, verb: str, *, key: str, file: Path | None
) -> Proof | None:
    """What a person signs about a key; None where they name none to sign with."""
    private = find_private(call, file)
    return None if private is None else keys.prove(private, who, verb, key)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Make a file that is not there yet; nobody else can read a private one for a moment."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise InvalidInput(
            f"{file}: cannot be made ({error.strerror}); name a file that is not there yet"
        ) from None
    with open(handle, "wb") as out:  # noqa: PTH123 -- a file that is open already
        out.write(content)
