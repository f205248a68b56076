"""How far an upload is, as people see it."""

from dataclasses import dataclass

from ..library.recording import Recording, UploadState
from .upload_hub import is_ours
from .upload_worker import Lane

UNDER_WAY = (UploadState.WAITING, UploadState.UPLOADING)
UNFINISHED = (*UNDER_WAY, UploadState.PAUSED, UploadState.FAILED)


@dataclass(frozen=True, slots=True)
class UploadView:
    """One upload as people see it. ``speed_bps``: bytes a second; ``left_s`` None: not known."""

    recording: Recording
    done_bytes: int
    total_bytes: int
    speed_bps: int = 0
    left_s: int | None = None
    next_try_ms: int | None = None
    problem: tuple[str, str, str] | None = None


def view_of(recording: Recording, lane: Lane | None) -> UploadView:
    """Return how far it is; ``lane``: of its target, if there is one."""
    problem = None
    if is_ours(recording.problem):
        problem = (recording.problem, recording.problem_text, recording.problem_help)
    done, total = recording.uploaded_bytes, recording.upload_bytes
    active = recording.upload in UNDER_WAY
    if lane is not None and active and lane.trouble is not None:
        failed = lane.trouble.failed
        problem = (failed.key, failed.message, failed.help)
    job = lane.jobs.get(recording.id) if lane is not None else None
    if lane is None or job is None or not active:
        total = total or recording.size_bytes + recording.mp4_bytes
        return UploadView(recording, done, total, problem=problem)
    speed = 0.0 if lane.trouble is not None else job.speed.bytes_per_s()
    done, total = job.sent_bytes, job.total_bytes
    left = round((total - done) / speed) if speed > 0 and not job.live else None
    return UploadView(recording, done, total, round(speed), left, lane.next_try_ms(job), problem)
