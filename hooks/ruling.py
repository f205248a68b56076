"""Whose rule counts for a stream: of a rendition its source's."""

from ..core.play_rules import PlayKind, PlayRuleStore
from ..core.registry import StreamRegistry


async def ruling_url(registry: StreamRegistry, rules: PlayRuleStore, url: str) -> str:
    """Return the stream whose rule and passes count, as ``ruled`` of core/play_rules.py does.

    Raises RedisError, StoreUnavailable.
    """
    source = await registry.source_of(url)
    if source is None:
        return url
    rule, _ = await rules.get(source)
    _, inherited = await rules.get(url)
    return source if inherited or rule.kind is not PlayKind.PUBLIC else url
