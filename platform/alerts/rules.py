"""What counts as wrong: one rule for each cause, with its words.

``RULES`` is the whole list. The page translates ``name`` (the key of the message) and puts the
parameters in; ``text`` and ``advice`` are the same in plain English, for notifications.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from .models import AlertLevel, AlertParams

LEVELS: tuple[AlertLevel, ...] = ("critical", "warning", "info")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``threshold`` None: the cause is there or not, nothing is compared. ``above``: wrong is what
    is larger than the threshold, else what is smaller. ``margin``: a value must be better than the
    threshold by so much to end the alert. ``outranked_by``: while that rule fires for the same
    subject, nobody is told of this one.
    """

    name: str
    level: AlertLevel
    text: str
    advice: str
    threshold: float | None = None
    unit: str = ""
    above: bool = True
    margin: float = 0.0
    for_s: int = 10
    least: float = 0.0
    most: float = 0.0
    enabled: bool = True
    outranked_by: str = ""

    def holds(self, value: float, firing: bool) -> bool:
        """Tell whether a measured value is wrong; one that fires ends only beyond the margin."""
        if self.threshold is None:
            return True
        if self.above:
            return value > self.threshold - (self.margin if firing else 0.0)
        return value < self.threshold + (self.margin if firing else 0.0)

    def words(self, params: Mapping[str, Any]) -> str:
        return filled(self.text, params)

    def help(self, params: Mapping[str, Any]) -> str:
        return filled(self.advice, params)


class _Kept(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def filled(text: str, params: Mapping[str, Any]) -> str:
    """Put parameters into a text; one that is not there is shown as ``?``."""
    return text.format_map(_Kept(params)).strip()


def _percent(
    name: str,
    level: AlertLevel,
    threshold: float,
    text: str,
    advice: str,
    *,
    above: bool = True,
    margin: float = 3.0,
    for_s: int = 20,
    outranked_by: str = "",
) -> Rule:
    return Rule(
        name,
        level,
        text,
        advice,
        threshold,
        "percent",
        above,
        margin,
        for_s,
        1,
        1000 if name == "load_high" else 100,
        outranked_by=outranked_by,
    )


_DISK_HELP = (
    "Delete recordings, set how long they are kept, or upload them to a bucket; then look at "
    "backups and logs."
)

_ALL = (
    _percent(
        "disk_critical", "critical", 5,
        "Only {free_percent} % of the disk {path} is free ({free_gb} GB).",
        _DISK_HELP + " Below this, recordings stop.",
        above=False, margin=1, for_s=5,
    ),
    _percent(
        "disk_low", "warning", 10,
        "The disk {path} has {free_percent} % left ({free_gb} GB).",
        _DISK_HELP, above=False, margin=1, for_s=5, outranked_by="disk_critical",
    ),
    Rule(
        "disk_filling", "warning",
        "The disk {path} will be full in about {days} days.",
        _DISK_HELP,
        threshold=3, unit="days", above=False, margin=0.5, for_s=20, least=0.1, most=60,
        outranked_by="disk_low",
    ),
    _percent(
        "memory_high", "warning", 92,
        "{percent} % of the memory is in use.",
        "End what else runs on this machine, transcode fewer renditions, or take a larger machine.",
    ),
    _percent(
        "swap_high", "warning", 70,
        "{percent} % of the swap space is in use: the machine is short of memory and slow.",
        "End what else runs on this machine, or take one with more memory.",
    ),
    _percent(
        "cpu_high", "warning", 92,
        "The processor has been {percent} % busy.",
        "Transcode fewer renditions or smaller ones: copying a stream costs almost nothing.",
        margin=7, for_s=120,
    ),
    _percent(
        "load_high", "warning", 400,
        "The load is {load} on {cores} cores: everything waits its turn.",
        "Often a slow disk. Look which program is busy.",
        margin=100, for_s=120, outranked_by="cpu_high",
    ),
    Rule(
        "certificate_expired", "critical",
        "The certificate of {domain} has expired: browsers refuse it.",
        "Renew it on the HTTPS page; the reason for the last failure stands there.",
        for_s=0,
    ),
    Rule(
        "certificate_expiring", "warning",
        "The certificate of {domain} ends in {days} days and has not been renewed.",
        "Open the HTTPS page: the last try and its error stand there.",
        threshold=14, unit="days", above=False, margin=0.5, for_s=0, least=1, most=60,
        outranked_by="certificate_expired",
    ),
    Rule(
        "certificate_failed", "warning",
        "The certificate could not be renewed: {reason}",
        "Open the HTTPS page and run the check; the old certificate is still in use.",
        for_s=0,
    ),
    Rule(
        "service_down", "critical",
        "{service} does not run: {reason}",
        "It is started again by itself; its log on the page of services says why it ends.",
    ),
    Rule(
        "monitoring_down", "warning",
        "{service} does not run: {reason}",
        "Graphs reach back less far meanwhile; alerts do not need it. Its log says why it ends.",
    ),
    Rule(
        "service_restarting", "warning",
        "{service} has been started again {times} times in 10 minutes.",
        "Its log on the page of services says why it ends.",
        threshold=3, unit="restarts", for_s=0, least=1, most=100, outranked_by="service_down",
    ),
    Rule(
        "media_down", "critical",
        "The media server does not run: {reason}",
        "Nobody can publish or watch. It is started again by itself; its log says why it ends.",
    ),
    Rule(
        "manager_down", "critical",
        "The manager of this machine does not answer.",
        "Programs go on, but nothing starts them again. Run: streamstead status",
        for_s=8,
    ),
    Rule(
        "containers_lost", "warning",
        "The Docker Engine does not answer.",
        "What runs goes on. Look at: systemctl status docker",
    ),
    Rule(
        "output_failed", "critical",
        "The output {label} has given up: {reason}",
        "Correct it and start it again.",
        for_s=0,
    ),
    Rule(
        "output_retrying", "warning",
        "The output {label} lost its connection and tries again: {reason}",
        "Usually the other side. Check the key, and whether the event there has ended.",
        for_s=10, outranked_by="output_failed",
    ),
    Rule(
        "channel_failed", "warning",
        "The channel {label} does not play: {reason}",
        "Open it: the reason stands there.",
        for_s=0,
    ),
    Rule(
        "transcode_failed", "warning",
        "The transcode of {stream} does not run: {reason}",
        "Open it: the reason stands there.",
        for_s=0,
    ),
    Rule(
        "stream_frozen", "warning",
        "{stream} is live, but nothing arrives from its encoder.",
        "Look at the encoder and its network.",
        for_s=10,
    ),
    Rule(
        "recorder_behind", "warning",
        "The recorder is {seconds} s behind the live streams.",
        "Usually a slow disk. Nothing is lost while there is room for the segments that wait.",
        threshold=60, unit="seconds", margin=30, for_s=10, least=10, most=3600,
    ),
    Rule(
        "recording_failed", "warning",
        "A recording of {stream} failed: {reason}",
        "Open the recording: what can be saved of it stands there.",
        for_s=0,
    ),
    Rule(
        "upload_failing", "warning",
        "Uploads to {label} fail: {reason}",
        "Test the bucket on the storage page. Files wait here and are uploaded later.",
        for_s=0,
    ),
    Rule(
        "redis_down", "critical",
        "The settings store (Redis) does not answer.",
        "It is started again by itself. Look at its log, and whether the disk is full.",
        for_s=5,
    ),
    Rule(
        "redis_not_saving", "critical",
        "The settings store (Redis) cannot write to the disk: {reason}",
        "Make room on the disk: what is changed now may be lost.",
        for_s=5,
    ),
    _percent(
        "redis_memory", "warning", 80,
        "The settings store (Redis) uses {percent} % of the memory it may have.",
        "Send us a support bundle: it should stay far below.",
        margin=5,
    ),
    Rule(
        "events_behind", "warning",
        "{group} has {count} events to deal with and does not keep up.",
        "Restart the service that reads them, on the page of services.",
        threshold=2000, unit="events", margin=500, for_s=15, least=100, most=50_000,
    ),
    Rule(
        "clock_jumped", "warning",
        "The clock of this machine jumped by {seconds} s.",
        "Let it be set by NTP: timedatectl set-ntp true. Certificates and links depend on it.",
        threshold=5, unit="seconds", for_s=0, least=1, most=3600,
    ),
    Rule(
        "backup_failed", "warning",
        "The last backup failed: {reason}",
        "Open the backup page and make one by hand.",
        for_s=0,
    ),
    Rule(
        "backup_old", "warning",
        "The last backup is {hours} hours old.",
        "Open the backup page: the schedule and the last error stand there.",
        threshold=50, unit="hours", margin=1, for_s=0, least=2, most=2000,
        outranked_by="backup_failed",
    ),
    Rule(
        "upgrade_failed", "warning",
        "The upgrade to {version} failed: {reason}",
        "The house runs as before. Open the upgrade page.",
        for_s=0,
    ),
    _percent(
        "traffic_quota", "warning", 80,
        "{percent} % of the traffic of this month is used ({used_gb} of {quota_gb} GB).",
        "It begins anew on {resets_on}. Fewer viewers here, or a CDN, make it last.",
        margin=0, for_s=0,
    ),
    Rule(
        "traffic_forecast", "info",
        "The traffic of this month will be about {forecast_gb} GB; {quota_gb} GB are in the plan.",
        "It begins anew on {resets_on}.",
        threshold=100, unit="percent", margin=5, for_s=60, least=1, most=1000,
        outranked_by="traffic_quota",
    ),
    Rule(
        "sign_in_attacks", "warning",
        "{count} wrong passwords in the last 5 minutes.",
        "Each address has ten tries, so guessing takes for ever. Is the password a long one?",
        threshold=8, unit="tries", margin=4, for_s=0, least=3, most=10_000,
    ),
)  # fmt: skip

RULES: Mapping[str, Rule] = {rule.name: rule for rule in _ALL}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was seen of one subject. ``value`` is compared with the threshold of the rule."""

    subject: str
    params: AlertParams
    value: float = 1.0


RuleFields = Literal["enabled", "threshold", "for_s", "level"]


def changed(rule: Rule, overrides: Mapping[str, Any]) -> Rule:
    """Return the rule as the operator wants it; what does not fit the rule any more is ignored."""
    fit = {
        name: overrides[name]
        for name in ("enabled", "threshold", "for_s", "level")
        if name in overrides and (name != "threshold" or rule.threshold is not None)
    }
    return replace(rule, **fit)
