"""What stands around an alert in a message, in each language that a target may have."""
# ruff: noqa: RUF001 - Chinese sentences have Chinese punctuation

from collections.abc import Mapping
from dataclasses import dataclass

from .models import AlertLevel, Language


@dataclass(frozen=True, slots=True)
class Phrases:
    """Texts with places to fill; ``level`` goes before what fires."""

    level: Mapping[AlertLevel, str]
    fires: str
    over: str
    over_title: str
    over_after: str
    new_count: str
    over_count: str
    and_: str
    more: str
    since: str
    seconds: str
    minutes: str
    hours: str
    trial_title: str
    trial: str


PHRASES: Mapping[Language, Phrases] = {
    "en": Phrases(
        level={"critical": "CRITICAL", "warning": "Warning", "info": "Note"},
        fires="{level}: {text}",
        over="Over: {text}",
        over_title="over: {text}",
        over_after="It is over, after {lasted}: {text}",
        new_count="{count} new",
        over_count="{count} over",
        and_=", ",
        more="and {count} more, see the page of alerts.",
        since="Since {at}.",
        seconds="{count} s",
        minutes="{count} min",
        hours="{count} h",
        trial_title="test message",
        trial="This is a test: alerts of this house arrive here.",
    ),
    "zh": Phrases(
        level={"critical": "严重", "warning": "警告", "info": "提示"},
        fires="{level}：{text}",
        over="已恢复：{text}",
        over_title="已恢复：{text}",
        over_after="历时 {lasted}，现已恢复：{text}",
        new_count="{count} 个新警报",
        over_count="{count} 个已恢复",
        and_="，",
        more="另有 {count} 个，请查看警报页面。",
        since="始于 {at}。",
        seconds="{count} 秒",
        minutes="{count} 分钟",
        hours="{count} 小时",
        trial_title="测试消息",
        trial="这是一条测试消息：本系统的警报会发送到这里。",
    ),
}
