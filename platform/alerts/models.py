"""What the API of alerts and of their targets takes and tells. Times are ms since the epoch."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ...core.app import Body

AlertLevel = Literal["critical", "warning", "info"]
Language = Literal["en", "zh"]
NotifyKind = Literal["webhook", "discord", "email", "telegram", "ntfy", "other"]
AlertParams = dict[str, str | int | float]


class AlertMessage(BaseModel):
    """A key that the page translates, and what to put into it."""

    key: str
    params: AlertParams


class Alert(BaseModel):
    """``state`` pending: the cause is there, but not yet for as long as the rule wants.

    ``text`` and ``help`` are the same in plain English. ``subject``: what it is about, such as the
    name of a service; empty for the house itself.
    """

    id: str
    rule: str
    level: AlertLevel
    state: Literal["firing", "pending"]
    subject: str
    since_ms: int
    message: AlertMessage
    text: str
    help: str
    acknowledged: bool


class PastAlert(BaseModel):
    """One that was firing and is over."""

    id: str
    rule: str
    level: AlertLevel
    subject: str
    since_ms: int
    ended_ms: int
    message: AlertMessage
    text: str
    help: str


class Alerts(BaseModel):
    """The worst first; ``history`` newest first, 200 at most."""

    alerts: list[Alert]
    history: list[PastAlert]


class AlertCounts(BaseModel):
    """Of those that fire."""

    critical: int = 0
    warning: int = 0


class AlertRequest(Body):
    id: Annotated[str, Field(min_length=1, max_length=200)]


class AlertRule(BaseModel):
    """``threshold`` in ``unit``, between ``min`` and ``max``; null for a rule that has none. The
    cause must last ``for_s`` seconds before the alert fires."""

    rule: str
    level: AlertLevel
    enabled: bool
    threshold: float | None
    unit: str
    for_s: int
    min: float
    max: float
    changed: bool


class AlertRules(BaseModel):
    rules: list[AlertRule]


class UpdateAlertRule(Body):
    """Change what is given. ``reset``: first go back to what it was when it was delivered."""

    rule: Annotated[str, Field(min_length=1, max_length=64)]
    enabled: bool | None = None
    threshold: Annotated[float | None, Field(ge=0, le=1e9)] = None
    for_s: Annotated[int | None, Field(ge=0, le=86_400)] = None
    level: AlertLevel | None = None
    reset: bool = False


class NotifyLast(BaseModel):
    """The last message to a target; ``error`` in words when it was not taken."""

    at_ms: int
    ok: bool
    error: str


class NotifyField(BaseModel):
    """``secret``: never told again; leave it out of an update to keep it."""

    name: str
    secret: bool
    required: bool
    default: str


class NotifyKindFields(BaseModel):
    kind: NotifyKind
    fields: list[NotifyField]


class NotifyTarget(BaseModel):
    """Who is told of alerts. ``hint``: where it leads, without secrets; ``fields`` neither.
    ``language``: that of the messages."""

    id: str
    label: str
    kind: NotifyKind
    hint: str
    fields: dict[str, str]
    levels: list[AlertLevel]
    language: Language
    enabled: bool
    waiting: int
    last: NotifyLast | None


class NotifyTargets(BaseModel):
    """``kinds``: which fields each kind takes."""

    targets: list[NotifyTarget]
    kinds: list[NotifyKindFields]


Label = Annotated[str, Field(max_length=100)]
Fields = Annotated[
    dict[
        Annotated[str, Field(max_length=32)],
        Annotated[str, Field(max_length=2048)],
    ],
    Field(max_length=20),
]
Levels = Annotated[list[AlertLevel], Field(max_length=3)]
TargetId = Annotated[str, Field(min_length=1, max_length=40)]


class CreateNotifyTarget(Body):
    label: Label
    kind: NotifyKind
    fields: Fields
    levels: Levels
    language: Language = "en"
    enabled: bool = True


class UpdateNotifyTarget(Body):
    """Change what is given; a field that is left out stays."""

    id: TargetId
    label: Label | None = None
    fields: Fields | None = None
    levels: Levels | None = None
    language: Language | None = None
    enabled: bool | None = None


class NotifyRequest(Body):
    id: TargetId


class NotifyTested(BaseModel):
    """``message``: what the other side answered, in words."""

    ok: bool
    message: str
