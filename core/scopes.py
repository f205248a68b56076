"""What a call needs: one table for all services.

``read`` looks and changes nothing, ``operate`` runs shows (streams, keys, passes, outputs,
channels, recordings), ``admin`` changes the house itself or sees its secrets. A call that is in no
list needs ``admin``; a test holds that every call is in one.
"""

from enum import StrEnum


class Scope(StrEnum):
    """In rising order; each holds the ones before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        return _ORDER.index(self) >= _ORDER.index(needed)


def _names(listed: str) -> list[str]:
    return listed.split()


_ORDER = (Scope.READ, Scope.OPERATE, Scope.ADMIN)

_READ = _names("""
ffmpeg/camera/streams ffmpeg/channels/files ffmpeg/channels/limits/query ffmpeg/channels/list
ffmpeg/demo/query ffmpeg/forward/streams ffmpeg/live ffmpeg/outputs/list ffmpeg/programme/list
ffmpeg/slate/files ffmpeg/slate/preview ffmpeg/snapshot/{app}/{stream}.jpg ffmpeg/transcode/estimate
ffmpeg/transcode/list ffmpeg/transcode/query ffmpeg/transcode/task ffmpeg/vlive/streams
hooks/dvr/files hooks/dvr/query hooks/keys/list hooks/play/passes/list hooks/play/rule/query
hooks/publish/rules/query hooks/record/files hooks/record/query hooks/store/query hooks/streams/list
hooks/streams/query hooks/viewers/query hooks/vod/files hooks/vod/query
mgmt/alerts/list mgmt/alerts/rules/list mgmt/cert/query mgmt/dashboard/series mgmt/dashboard/summary
mgmt/front/query mgmt/hlsll/query mgmt/hphls/query mgmt/limits/query mgmt/live mgmt/logout
mgmt/stats/sessions mgmt/stats/streams mgmt/stats/viewers mgmt/status mgmt/streams/query
mgmt/traffic/query mgmt/upgrade/progress mgmt/upgrade/status mgmt/window/query recordings/disk
recordings/get recordings/live recordings/original/{id} recordings/poster/{id} recordings/query
recordings/retention/query recordings/rules/query recordings/schedules/list recordings/sprite/{id}
recordings/sprite/{id}.vtt recordings/stream/query recordings/streams recordings/summary
storage/uploads/query uploads/
""")

_OPERATE = _names("""
ffmpeg/camera/secret ffmpeg/camera/source ffmpeg/camera/stream-url ffmpeg/channels/create
ffmpeg/channels/files/remove ffmpeg/channels/limits/update ffmpeg/channels/probe
ffmpeg/channels/remove ffmpeg/channels/skip ffmpeg/channels/start ffmpeg/channels/stop
ffmpeg/channels/update ffmpeg/demo/update ffmpeg/forward/secret ffmpeg/outputs/create
ffmpeg/outputs/duplicate ffmpeg/outputs/log ffmpeg/outputs/remove ffmpeg/outputs/reorder
ffmpeg/outputs/retry ffmpeg/outputs/start ffmpeg/outputs/stop ffmpeg/outputs/test
ffmpeg/outputs/update ffmpeg/programme/create ffmpeg/programme/release ffmpeg/programme/remove
ffmpeg/programme/take ffmpeg/programme/update ffmpeg/slate/remove ffmpeg/slate/upload
ffmpeg/transcode/apply ffmpeg/transcode/create ffmpeg/transcode/remove ffmpeg/transcode/start
ffmpeg/transcode/stop ffmpeg/transcode/update ffmpeg/vlive/secret ffmpeg/vlive/server
ffmpeg/vlive/source ffmpeg/vlive/stream-url ffmpeg/vlive/streamUrl ffmpeg/vlive/upload/{filename}
ffmpeg/vlive/ytdl hooks/dvr/apply hooks/keys/create hooks/keys/revoke hooks/keys/rotate
hooks/keys/update hooks/play/passes/create hooks/play/passes/revoke hooks/play/passes/token
hooks/play/preview hooks/play/rule/update hooks/play/test hooks/publish/rules/update
hooks/record/apply hooks/record/end hooks/record/globs hooks/record/post-processing
hooks/record/remove hooks/srs/secret hooks/srs/secret/query hooks/srs/secret/update
hooks/streams/create hooks/streams/remove hooks/streams/update hooks/viewers/kick hooks/vod/apply
live/room/create live/room/list live/room/query live/room/remove live/room/update mgmt/alerts/ack
mgmt/containers/progress mgmt/hooks/deliveries/query mgmt/hooks/deliveries/resend mgmt/logs/download
mgmt/logs/live mgmt/logs/query mgmt/streams/kickoff recordings/clip recordings/delete recordings/end
recordings/retention/update recordings/retry recordings/rules/update recordings/schedules/create
recordings/schedules/remove recordings/schedules/update recordings/start recordings/stop
recordings/stream/update recordings/update storage/settings/query storage/targets/list
storage/uploads/pause storage/uploads/resume storage/uploads/retry uploads/{id}
""")

_ADMIN = _names("""
host/exec hooks/srs/secret/disable hooks/store/accept mgmt/alerts/rules/update mgmt/api-keys/create
mgmt/api-keys/list mgmt/api-keys/remove mgmt/audit/query mgmt/auto-self-signed-certificate
mgmt/backup/create mgmt/backup/download mgmt/backup/list mgmt/backup/remove mgmt/backup/restore
mgmt/backup/schedule/query mgmt/backup/schedule/update mgmt/beian/update mgmt/cert/rollback
mgmt/config/apply mgmt/config/export mgmt/containers mgmt/doctor/run mgmt/front/update
mgmt/hlsll/update mgmt/hooks/apply mgmt/hooks/query mgmt/hooks/targets/create
mgmt/hooks/targets/list mgmt/hooks/targets/remove mgmt/hooks/targets/rotate mgmt/hooks/targets/test
mgmt/hooks/targets/update mgmt/hphls/update mgmt/letsencrypt mgmt/letsencrypt/check
mgmt/letsencrypt/renew mgmt/letsencrypt/settings mgmt/limits/update mgmt/nginx/hls
mgmt/nginx/homepage mgmt/nginx/proxy mgmt/notify/create mgmt/notify/list mgmt/notify/remove
mgmt/notify/test mgmt/notify/update mgmt/password mgmt/pubkey mgmt/secret/query mgmt/ssl
mgmt/strategy mgmt/support-bundle mgmt/support-bundle/download mgmt/token mgmt/traffic/update
mgmt/upgrade mgmt/upgrade/check mgmt/upgrade/rollback mgmt/upgrade/settings/query
mgmt/upgrade/settings/update mgmt/window/update recordings/import/scan recordings/import/start
storage/settings/update storage/targets/create storage/targets/remove storage/targets/set_default
storage/targets/test storage/targets/update tencent/cam/secret
""")

_PREFIX = "/terraform/v1/"
_TABLE = {
    **dict.fromkeys(_READ, Scope.READ),
    **dict.fromkeys(_OPERATE, Scope.OPERATE),
    **dict.fromkeys(_ADMIN, Scope.ADMIN),
    # Asked by the front before a large body is read; the call itself asks again.
    "/internal/signed-in": Scope.READ,
}


def known_calls() -> frozenset[str]:
    """Return every call that has a line of its own, without the common prefix."""
    return frozenset(_TABLE)


def needed_scope(path: str, method: str) -> Scope:
    """Return what a route (its path as declared, with braces) needs."""
    name = path.removeprefix(_PREFIX)
    if name == "uploads/" and method == "POST":
        return Scope.OPERATE
    return _TABLE.get(name, Scope.ADMIN)
