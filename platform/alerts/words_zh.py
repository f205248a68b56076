"""The words of alerts in Chinese: of each rule what is wrong, and what to do.

Places are filled as in rules.py. The page has the same words, which a test holds to.
"""
# ruff: noqa: RUF001 - Chinese sentences have Chinese punctuation

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "disk_critical": (
        "磁盘 {path} 仅剩 {free_percent}%（{free_gb} GB）。",
        "请删除录制、设置保留期限，或把录制上传到存储桶，再检查备份和日志。低于此值时录制会停止。",
    ),
    "disk_low": (
        "磁盘 {path} 剩余 {free_percent}%（{free_gb} GB）。",
        "请删除录制、设置保留期限，或把录制上传到存储桶，再检查备份和日志。",
    ),
    "disk_filling": (
        "照此速度，磁盘 {path} 大约 {days} 天后写满。",
        "请删除录制、设置保留期限，或把录制上传到存储桶，再检查备份和日志。",
    ),
    "memory_high": (
        "内存已使用 {percent}%。",
        "请结束本机上的其他程序，减少转码档位，或更换更大的机器。",
    ),
    "swap_high": (
        "交换空间已使用 {percent}%：内存不足，机器会变慢。",
        "请结束本机上的其他程序，或更换内存更大的机器。",
    ),
    "cpu_high": (
        "处理器持续 {percent}% 繁忙。",
        "请减少或缩小转码档位：直接转发几乎不占用处理器。",
    ),
    "load_high": (
        "{cores} 个核心上的负载为 {load}：所有任务都在排队。",
        "常见原因是磁盘太慢。请看看是哪个程序在忙。",
    ),
    "certificate_expired": (
        "{domain} 的证书已过期：浏览器会拒绝它。",
        "请在 HTTPS 页面续期；上次失败的原因也在那里。",
    ),
    "certificate_expiring": (
        "{domain} 的证书将在 {days} 天后到期，且尚未续期。",
        "请打开 HTTPS 页面：上次尝试及其错误都在那里。",
    ),
    "certificate_failed": (
        "证书无法续期：{reason}",
        "请打开 HTTPS 页面并运行检查；旧证书仍在使用。",
    ),
    "service_down": (
        "{service} 没有运行：{reason}",
        "它会自动重新启动；服务页面上的日志会说明停止的原因。",
    ),
    "monitoring_down": (
        "{service} 没有运行：{reason}",
        "在此期间图表可回溯的时间较短；警报不依赖它。它的日志会说明停止的原因。",
    ),
    "service_restarting": (
        "{service} 在 10 分钟内重启了 {times} 次。",
        "服务页面上的日志会说明停止的原因。",
    ),
    "media_down": (
        "媒体服务器没有运行：{reason}",
        "此时无法推流和观看。它会自动重新启动；日志会说明停止的原因。",
    ),
    "manager_down": (
        "本机的管理程序没有应答。",
        "其他程序继续运行，但停止后不会再被启动。请在机器上运行：streamstead status",
    ),
    "containers_lost": (
        "Docker 引擎没有应答。",
        "正在运行的不受影响。请查看：systemctl status docker",
    ),
    "output_failed": (
        "输出 {label} 已放弃：{reason}",
        "请修正后重新启动它。",
    ),
    "output_retrying": (
        "输出 {label} 断开连接，正在重试：{reason}",
        "问题通常在对方。请检查密钥，以及对方平台的直播是否已结束。",
    ),
    "channel_failed": (
        "频道 {label} 无法播出：{reason}",
        "请打开它：原因就在那里。",
    ),
    "transcode_failed": (
        "{stream} 的转码没有运行：{reason}",
        "请打开它：原因就在那里。",
    ),
    "stream_frozen": (
        "{stream} 显示直播中，但编码器没有数据传来。",
        "请检查编码器及其网络。",
    ),
    "recorder_behind": (
        "录制比直播落后 {seconds} 秒。",
        "常见原因是磁盘太慢。只要还有空间存放等待的分片，就不会丢失内容。",
    ),
    "recording_failed": (
        "{stream} 的一个录制失败：{reason}",
        "请打开该录制：哪些内容可以挽救，那里有说明。",
    ),
    "upload_failing": (
        "上传到 {label} 失败：{reason}",
        "请在存储页面测试存储桶。文件会留在本机，稍后再上传。",
    ),
    "redis_down": (
        "设置存储（Redis）没有应答。",
        "它会自动重新启动。请查看它的日志，并确认磁盘没有写满。",
    ),
    "redis_not_saving": (
        "设置存储（Redis）无法写入磁盘：{reason}",
        "请腾出磁盘空间：现在所做的更改可能会丢失。",
    ),
    "redis_memory": (
        "设置存储（Redis）已使用其内存上限的 {percent}%。",
        "它本应远低于此值，请把支持包发给我们。",
    ),
    "events_behind": (
        "{group} 有 {count} 个事件待处理，已经跟不上。",
        "请在服务页面重启读取这些事件的服务。",
    ),
    "clock_jumped": (
        "本机时钟跳变了 {seconds} 秒。",
        "请使用 NTP 校时：timedatectl set-ntp true。证书和链接都依赖时钟。",
    ),
    "backup_failed": (
        "上次备份失败：{reason}",
        "请打开备份页面，手动做一次备份。",
    ),
    "backup_old": (
        "上次备份是 {hours} 小时前做的。",
        "请打开备份页面：计划和上次的错误都在那里。",
    ),
    "upgrade_failed": (
        "升级到 {version} 失败：{reason}",
        "系统仍按原样运行。请打开升级页面。",
    ),
    "traffic_quota": (
        "本月流量已用 {percent}%（{used_gb} / {quota_gb} GB）。",
        "将于 {resets_on} 重新计算。减少在本机观看的人数或使用 CDN 可以省流量。",
    ),
    "traffic_forecast": (
        "本月流量预计约 {forecast_gb} GB，套餐为 {quota_gb} GB。",
        "将于 {resets_on} 重新计算。",
    ),
    "sign_in_attacks": (
        "最近 5 分钟内有 {count} 次密码错误。",
        "每个地址只有十次机会，猜中需要极长时间。您的密码够长吗？",
    ),
}
