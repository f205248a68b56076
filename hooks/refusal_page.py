"""What a person sees who opens a play address in a browser and is not let in: one small page."""

# ruff: noqa: RUF001 - Chinese sentences have Chinese punctuation

from html import escape
from string import Template

from ..core.errors import StreamsteadError

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors *",
    "Vary": "Accept, Accept-Language",
}

# key -> (what happened, what to do next)
_ZH = {
    "pass_missing": (
        "此直播仅限持有观看凭证的观众观看",
        "请打开完整的链接，或在观看页面输入口令。",
    ),
    "pass_malformed": ("链接中的观看凭证不完整", "请重新复制完整的链接；邮件程序有时会截断它。"),
    "pass_tampered": ("链接中的观看凭证无效", "请索取新的链接。"),
    "pass_other_stream": ("此观看凭证属于另一路直播", "请索取这一路直播的链接。"),
    "pass_expired": ("此观看凭证已过期", "请索取新的链接。"),
    "pass_revoked": ("此观看凭证已被撤销", "请索取新的链接。"),
    "pass_unknown": ("此观看凭证已不存在", "请索取新的链接。"),
    "pass_in_use": (
        "使用此观看凭证的观众人数已满",
        "请等有人离开后再试，或索取您自己的链接。",
    ),
    "phrase_changed": ("口令已更改", "请在观看页面输入新口令。"),
    "webhook_refused": ("频道主的服务器不允许您观看", "请联系给您链接的人。"),
    "webhook_failed": ("决定观看权限的服务器没有响应", "请稍后再试。"),
    "viewer_blocked": ("您刚刚被断开与此直播的连接", "请一分钟后再试。"),
    "stream_not_live": ("直播尚未开始", "请等待直播开始。"),
    "store_emptied": ("服务器的设置已丢失，暂时无法观看", "请联系频道主。"),
    "redis_unavailable": ("服务器暂时无法判断您能否观看", "请几秒后再试。"),
}
_ZH_OTHER = ("您不能观看此直播", "请在观看页面重试。")

_WITH_PHRASE = frozenset(
    {
        "pass_missing",
        "pass_malformed",
        "pass_tampered",
        "pass_other_stream",
        "pass_expired",
        "pass_revoked",
        "pass_unknown",
        "phrase_changed",
    }
)

_PAGE = Template("""<!doctype html>
<html lang="$lang"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="dark light"><meta name="robots" content="noindex">
<title>$title</title>
<style>
:root{--bg:#101319;--card:#1a1f29;--text:#eef1f6;--dim:#a4adbd;--line:#2b3240;--act:#4c8dff}
@media (prefers-color-scheme:light){:root{--bg:#f3f5f8;--card:#fff;--text:#161b24;--dim:#566074;
--line:#dde2ea;--act:#1f63e0}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--bg);
color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI","Noto Sans SC",sans-serif}
main{width:100%;max-width:440px;padding:36px 32px;text-align:center;background:var(--card);
border:1px solid var(--line);border-radius:16px}
svg{width:52px;height:52px;color:var(--act)}
h1{margin:14px 0 8px;font-size:21px;line-height:1.3}
p{margin:0 0 24px;color:var(--dim)}
a{display:inline-block;padding:11px 22px;border-radius:10px;background:var(--act);color:#fff;
font-weight:600;text-decoration:none}
a:focus-visible{outline:3px solid var(--text);outline-offset:2px}
small{display:block;margin-top:22px;color:var(--dim);overflow-wrap:anywhere}
</style></head>
<body><main>
<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true"
stroke-linecap="round" stroke-linejoin="round">
<rect x="4" y="10.5" width="16" height="10" rx="2.5"/>
<path d="M8 10.5V7a4 4 0 0 1 8 0v3.5"/><path d="M12 14.5v2.5"/></svg>
<h1>$title</h1>
<p>$advice</p>
<a href="$link">$action</a>
<small>$stream · $key</small>
</main></body></html>
""")


def language(accept: str) -> str:
    """Return ``zh`` or ``en``, whichever the Accept-Language header wants more."""
    wanted: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        short = name[:2]
        if short in ("en", "zh"):
            wanted[short] = max(wanted.get(short, 0.0), weight)
    return "zh" if wanted.get("zh", 0.0) > wanted.get("en", 0.0) else "en"


def refusal_page(error: StreamsteadError, stream: str, link: str, accept_language: str) -> str:
    """Return the page; ``link`` is the address of the watch page, quoted for a URL already."""
    lang = language(accept_language)
    if lang == "zh":
        title, advice = _ZH.get(error.key, _ZH_OTHER)
        action = "输入口令" if error.key in _WITH_PHRASE else "打开观看页面"
    else:
        title, advice = _sentence(error.message), _sentence(error.help)
        action = "Enter the passphrase" if error.key in _WITH_PHRASE else "Open the watch page"
    return _PAGE.substitute(
        lang="zh-CN" if lang == "zh" else "en",
        title=escape(title),
        advice=escape(advice),
        link=escape(link),
        action=escape(action),
        stream=escape(stream),
        key=escape(error.key),
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
