"""Why a bucket did not do what it was asked, in words; no secret is ever in them."""

from dataclasses import dataclass

from ...core.errors import StreamsteadError


@dataclass(frozen=True, slots=True)
class _Words:
    message: str
    help: str
    retry: bool = True


_WORDS = {
    "storage_forbidden": _Words(
        "the storage refuses this: the key may not do it",
        "Give the key the right to read, write, list and delete in this bucket.",
    ),
    "storage_wrong_key": _Words(
        "the storage does not know this access key, or the secret key is wrong",
        "Copy both keys again from your provider's page.",
    ),
    "storage_clock": _Words(
        "the clocks of this machine and of the storage differ too much",
        "Set the clock of this machine: timedatectl set-ntp true.",
    ),
    "storage_wrong_region": _Words(
        "the bucket is in another region", "Choose the bucket's region in the storage's settings."
    ),
    "storage_no_bucket": _Words(
        "there is no bucket of this name", "Make it on your provider's page, or correct the name."
    ),
    "storage_dns": _Words(
        "the address of the storage cannot be found", "Check the endpoint for a typing mistake."
    ),
    "storage_refused": _Words(
        "nothing answers at the address of the storage",
        "Check host and port of the endpoint; is the server running?",
    ),
    "storage_unreachable": _Words(
        "the storage cannot be reached", "Check the endpoint and the network of this machine."
    ),
    "storage_tls": _Words(
        "the certificate of the storage is not trusted",
        "Give the server a valid certificate, or use http:// within your own network.",
    ),
    "storage_timeout": _Words(
        "the storage does not answer in time", "It is tried again; is the connection very slow?"
    ),
    "storage_busy": _Words(
        "the storage is overloaded or being repaired", "It is tried again by itself."
    ),
    "storage_full": _Words(
        "the storage has no room left", "Delete something there, or raise your quota."
    ),
    "storage_checksum": _Words("what arrived is not what was sent", "It is sent again by itself."),
    "storage_range": _Words(
        "the storage does not give parts of a file as asked",
        "Players cannot seek in files of this storage; choose another.",
        retry=False,
    ),
    "storage_not_found": _Words(
        "the storage does not have this file", "It may have been deleted there.", retry=False
    ),
    "storage_address": _Words(
        "this address may not be a storage",
        "Addresses of the machine's own metadata are refused; use the storage's endpoint.",
        retry=False,
    ),
    "storage_paused": _Words("the upload was paused", "Let it go on whenever you like."),
    "storage_cors": _Words(
        "browsers may not read from this bucket: its CORS rules do not allow it",
        "Allow GET and HEAD from your page's address in the bucket's CORS rules, or let recordings "
        "be played through this server.",
        retry=False,
    ),
    "tencent_no_account": _Words(
        "Tencent Cloud names no account for this key",
        "Make a new key under CAM > API keys, and copy both parts.",
        retry=False,
    ),
    "storage_failed": _Words(
        "the storage answers with an error", "It is tried again; the log of the recorder has more."
    ),
}


class StorageFailed(StreamsteadError):
    """``retry``: trying again later may help by itself."""

    code, status, default_key = 4016, 502, "storage_failed"
    retry: bool = True

    @classmethod
    def of(cls, key: str, detail: str = "") -> "StorageFailed":
        """Return the failure of that key; ``detail`` is added in brackets and must hold no
        secret."""
        words = _WORDS[key]
        message = f"{words.message} ({detail})" if detail else words.message
        failed = cls(message, words.help, key=key)
        failed.retry = words.retry
        return failed
