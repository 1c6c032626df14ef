"""which addresses a declared host may lead to: the open internet's, or others where it says so."""

import ipaddress
import socket

from runs.errors import InvalidInput


class Refused(InvalidInput):
    """A name that was declared as public leads to this machine or into a private network."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} stands on this machine or in a private network; say `is_private: true` where "
            "it is declared if that is meant"
        )


class NoAddress(OSError):
    """A host has no address."""


def is_public(address: str) -> bool:
    """True for an address of the open internet; what is carried inside IPv6 counts as what it is.

    So do IPv4 addresses that are mapped, and those of the tunnels 6to4, Teredo and NAT64.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    return all(one.is_global and not one.is_multicast for one in (found, *_carried(found)))


def addresses(host: str, port: int) -> list[str]:
    """Every address of a host, in the order they are tried; NoAddress when it has none."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoAddress(f"{host} has no address") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def dial(host: str, port: int, *, is_private: bool, timeout_s: float) -> socket.socket:
    """A connection to the very address that was looked at, so that a name cannot change meanwhile.

    Raises Refused for an address that was not declared, OSError when nothing answers.
    """
    refused: OSError = NoAddress(f"{host} has no address")
    for address in addresses(host, port):
        if not (is_private or is_public(address)):
            raise Refused(host)
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError as error:
            refused = error
    raise refused


NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _carried(
    found: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses that stand inside an IPv6 one."""
    if isinstance(found, ipaddress.IPv4Address):
        return []
    inside = [found.sixtofour, *(found.teredo or ())]
    if found in NAT64:
        inside.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
    return [one for one in inside if one is not None]
