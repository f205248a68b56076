"""May this visitor watch? Asked by the watch page before it plays anything."""

from dataclasses import dataclass

from ..core.errors import PlayRefused
from ..core.known_streams import KnownStreamStore
from ..core.play_rules import PassStore, PlayKind, PlayRuleStore, judge
from ..core.signed import PassSigner


@dataclass(frozen=True, slots=True)
class Viewing:
    """The stores that say who may watch."""

    known: KnownStreamStore
    rules: PlayRuleStore
    passes: PassStore
    signer: PassSigner

    async def refusal(self, url: str, token: str, now_ms: int) -> tuple[PlayKind, str | None]:
        """Return (kind of the rule, why the bearer of a pass may not watch, None when it may)."""
        rule, _ = await self.rules.get(url)
        pass_id = ""
        if token and rule.kind is PlayKind.PASS:
            try:
                pass_id = self.signer.read(token, url, now_ms)
            except PlayRefused as exc:
                return rule.kind, exc.key
        found = await self.passes.get(pass_id) if pass_id else None
        passes = {} if found is None else {pass_id: found}
        why = judge(rule, pass_id, passes, url, now_ms)
        return rule.kind, None if why == "ask" else why
