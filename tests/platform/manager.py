"""The manager as far as it keeps the operator's password: its real calls, without the socket."""

import os

import httpx

from streamstead.core.audit import AUDITED_HEADER
from streamstead.core.settings import Settings
from streamstead.mgmt.api import Manager, create_app
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.house import House
from streamstead.mgmt.password.part import open_part
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.choose import Decision
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.supervisor import Supervisor
from streamstead.platform.host import Host


class PasswordManager(Host):
    """Answers what the platform asks about the password."""

    def __init__(self, settings: Settings) -> None:
        account = Account("", os.geteuid(), os.getegid())
        runtime, media = RuntimeName.PROCESS, MediaServer.EMBEDDED
        events = HostEvents(settings.data.mgmt)
        plan = Plan(settings, account, runtime, media)
        house = House(plan, Supervisor({}), events, lambda: None)
        part = open_part(house)
        for loop in part.loops:
            loop.close()
        decision = Decision(runtime, media, "")
        app = create_app(Manager(house.supervisor, decision, events, lambda: None), part.routes)
        settings.data.mgmt.mkdir(exist_ok=True)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://mgmt",
            headers={AUDITED_HEADER: "1"},
        )
