"""Ports, names and what may stand between this machine and its visitors."""

import ipaddress
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.settings import Settings
from ..front.settings import FrontSettings
from ..https.shelf import Shelf
from ..state_file import StateFile
from .command import said_by
from .item import Item, fail, ok, warn
from .sockets import listeners

_CLOUDS = {
    "amazon": "the security group of the instance",
    "google": "the firewall rules of the VPC",
    "microsoft": "the network security group",
    "tencent": "the firewall or security group in the console",
    "alibaba": "the security group in the console",
    "huawei": "the security group in the console",
    "digitalocean": "the cloud firewall, if there is one",
    "hetzner": "the cloud firewall, if there is one",
    "vultr": "the firewall group, if there is one",
    "linode": "the cloud firewall, if there is one",
    "ovh": "the network firewall in the console",
    "oracle": "the security list of the subnet",
}


def ports(settings: Settings, status: dict[str, Any] | None) -> Iterator[Item]:
    """Does the right program listen on every public port?"""
    tcp = {one.port: one.holder for one in listeners("tcp")}
    udp = {one.port: one.holder for one in listeners("udp")}
    open_ports = set(status["front_ports"]) if status else set()
    embedded = status is not None and status["media_server"] == "embedded"
    for name, port, held, wanted in (
        ("page", settings.http_port, tcp, True),
        ("HTTP", settings.web_http_port, tcp, True),
        ("HTTPS", settings.web_https_port, tcp, True),
        ("RTMP", settings.rtmp_port, tcp, True),
        ("RTMPS", settings.rtmps_port, tcp, _rtmps(settings)),
        ("WebRTC", settings.rtc_port, udp, not embedded),
        ("SRT", settings.srt_port, udp, not embedded),
    ):
        if port == 0 or not wanted:
            continue
        kind = "udp" if held is udp else "tcp"
        id_, title = f"port_{name.lower()}", f"Port {port}/{kind} ({name})"
        front = name in ("page", "HTTP", "HTTPS", "RTMPS")
        if status is None:
            if port in held:
                yield fail(
                    id_,
                    title,
                    f"held by {held[port] or 'another program'}, while Streamstead does not run",
                    "End that program, or choose another port and run ./bootstrap again.",
                )
            else:
                yield ok(id_, title, "free")
        elif port not in held:
            yield fail(id_, title, "nobody listens", "See the state and the log of the services.")
        elif front and port not in open_ports:
            yield fail(
                id_,
                title,
                f"held by {held[port] or 'another program'}, so the front goes without it",
                "End that program, then restart Streamstead.",
            )
        else:
            yield ok(id_, title, f"open, {held[port] or 'by a program that may not be seen'}")


def _rtmps(settings: Settings) -> bool:
    try:
        return StateFile(settings.data.mgmt, "front", FrontSettings).read().rtmps
    except OSError:
        return False  # of root alone


def internal(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Is what has no sign-in of its own closed to others?"""
    public = {"http_port", "web_http_port", "web_https_port", "rtmp_port", "rtmps_port"}
    public |= {"rtc_port", "srt_port"}
    public.add("acme_http_port")  # of others: where the CA looks for us
    inner = {
        getattr(settings, name): name.removesuffix("_port")
        for name in Settings.model_fields
        if name.endswith("_port") and name not in public
    }
    wrong = [one for one in listeners("tcp") if one.port in inner and not one.loopback]
    if wrong:
        said = ", ".join(f"{one.port} ({one.holder or 'unknown'})" for one in wrong)
        yield fail(
            "internal_ports",
            "Internal ports",
            f"open to other machines: {said}",
            "Nothing of ours listens so. End that program, or close the port in the firewall.",
        )
    else:
        yield ok("internal_ports", "Internal ports", "on this machine alone")


def domains(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Do the names of the certificate lead here?"""
    shelf = Shelf(settings.data.ssl)
    try:
        names = shelf.about(shelf.current).facts.domains
    except (OSError, ValueError):
        return
    ours = _own_addresses()
    for name in names:
        if "." not in name or name.startswith("*.") or _is_address(name):
            continue
        id_, title = f"dns_{name}", f"Name {name}"
        try:
            found = {
                str(one[4][0]) for one in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            }
        except OSError as exc:
            yield fail(
                id_,
                title,
                f"not to be found ({exc.strerror or exc})",
                "Give it an A record with the address of this server.",
            )
            continue
        said = "leads to " + ", ".join(sorted(found))
        if found & ours:
            yield ok(id_, title, said)
        else:
            yield warn(
                id_,
                title,
                f"{said}, which is no address of this machine",
                "Right behind a router, a load balancer or a CDN; else correct its A record.",
            )


def firewall(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """What can be seen of firewalls; that the way is free only another machine can tell."""
    tcp = [settings.http_port, settings.web_http_port, settings.web_https_port, settings.rtmp_port]
    wanted = (
        "TCP " + ", ".join(str(port) for port in tcp if port)
        + f" and UDP {settings.rtc_port} (WebRTC), {settings.srt_port} (SRT)"
    )  # fmt: skip
    found = list(_rules())
    if found:
        yield warn(
            "firewall",
            "Firewall of this machine",
            "; ".join(found),
            f"See that it lets in {wanted}.",
        )
    else:
        yield ok("firewall", "Firewall of this machine", "no rule that refuses is to be seen")
    vendor = _vendor()
    for cloud, where in _CLOUDS.items():
        if cloud in vendor.lower():
            yield warn(
                "cloud_firewall",
                "Firewall of the provider",
                f"this is a machine of {vendor}; what stands before it cannot be seen from here",
                f"Open {wanted} in {where}. UDP is forgotten most often.",
            )
            return


def _rules() -> Iterator[str]:
    if shutil.which("ufw") and "Status: active" in said_by("ufw", "status"):
        yield "ufw is active"
    if shutil.which("firewall-cmd") and said_by("firewall-cmd", "--state") == "running":
        yield "firewalld is running"
    if shutil.which("nft"):
        rules = said_by("nft", "list", "ruleset")
        if "hook input" in rules and ("policy drop" in rules or " drop" in rules):
            yield "nftables drops some of what comes in"
    elif shutil.which("iptables"):
        rules = said_by("iptables", "-S", "INPUT")
        if "-P INPUT DROP" in rules or "-j DROP" in rules or "-j REJECT" in rules:
            yield "iptables drops some of what comes in"


def _vendor() -> str:
    try:
        return Path("/sys/class/dmi/id/sys_vendor").read_text(errors="replace").strip()
    except OSError:
        return ""


def _own_addresses() -> set[str]:
    import psutil

    return {
        one.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family in (socket.AF_INET, socket.AF_INET6)
    }


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
