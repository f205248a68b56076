"""What is known of the usual providers, so that nobody must look up addresses."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...core.addresses import may_connect
from .errors import StorageFailed
from .targets import StorageTarget


@dataclass(frozen=True, slots=True)
class Preset:
    """``endpoint_form``: ``{region}`` and ``{account}`` are filled in; empty: typed by the
    operator. ``regions``: the usual ones; others may be typed."""

    provider: str
    label: str
    endpoint_form: str
    regions: tuple[str, ...] = ()
    path_style: bool = False
    storage_classes: tuple[str, ...] = ()
    acls: tuple[str, ...] = ()
    help: str = ""


_ACLS = ("private", "public-read")

PRESETS = (
    Preset(
        "aws",
        "Amazon S3",
        "https://s3.{region}.amazonaws.com",
        ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-central-1",
         "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "ap-northeast-1", "ap-northeast-2",
         "ap-south-1", "ap-southeast-1", "ap-southeast-2", "sa-east-1"),
        storage_classes=("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
                         "GLACIER_IR"),
        acls=_ACLS,
        help="Make an IAM user with rights for this one bucket, and take its access key.",
    ),
    Preset(
        "tencent",
        "Tencent COS",
        "https://cos.{region}.myqcloud.com",
        ("ap-beijing", "ap-shanghai", "ap-guangzhou", "ap-chengdu", "ap-nanjing", "ap-chongqing",
         "ap-hongkong", "ap-singapore", "ap-tokyo", "ap-seoul", "eu-frankfurt", "na-siliconvalley",
         "na-ashburn"),
        storage_classes=("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING"),
        acls=_ACLS,
        help="The bucket's name ends with your APPID, as in videos-1250000000.",
    ),
    Preset(
        "aliyun",
        "Alibaba Cloud OSS",
        "https://s3.oss-{region}.aliyuncs.com",
        ("cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen", "cn-guangzhou", "cn-chengdu",
         "cn-hongkong", "ap-southeast-1", "ap-northeast-1", "eu-central-1", "us-west-1",
         "us-east-1"),
        storage_classes=("STANDARD", "IA"),
        acls=_ACLS,
        help="Use an AccessKey of a RAM user with rights for this bucket.",
    ),
    Preset(
        "r2",
        "Cloudflare R2",
        "https://{account}.r2.cloudflarestorage.com",
        ("auto",),
        help="The address holds your account id; take it from R2 > Overview > S3 API.",
    ),
    Preset(
        "b2",
        "Backblaze B2",
        "https://s3.{region}.backblazeb2.com",
        ("us-west-001", "us-west-002", "us-west-004", "us-east-005", "eu-central-003"),
        help="The region stands in the bucket's endpoint on the Buckets page.",
    ),
    Preset(
        "wasabi",
        "Wasabi",
        "https://s3.{region}.wasabisys.com",
        ("us-east-1", "us-east-2", "us-central-1", "us-west-1", "eu-central-1", "eu-central-2",
         "eu-west-1", "eu-west-2", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1",
         "ap-southeast-2"),
        acls=_ACLS,
        help="Deleted objects are charged for 90 days there.",
    ),
    Preset(
        "spaces",
        "DigitalOcean Spaces",
        "https://{region}.digitaloceanspaces.com",
        ("nyc3", "sfo2", "sfo3", "ams3", "fra1", "lon1", "sgp1", "syd1", "blr1", "tor1"),
        acls=_ACLS,
        help="Make a Spaces access key under API > Spaces keys.",
    ),
    Preset(
        "minio",
        "MinIO",
        "",
        ("us-east-1",),
        path_style=True,
        help="The address of your server, such as https://minio.example.org:9000.",
    ),
    Preset(
        "seaweedfs",
        "SeaweedFS",
        "",
        ("us-east-1",),
        path_style=True,
        help="The address of your S3 gateway, such as http://127.0.0.1:8333.",
    ),
    Preset(
        "other",
        "Another S3 storage",
        "",
        path_style=True,
        help="Anything that speaks S3; endpoint and region are in its documents.",
    ),
)  # fmt: skip

_BY_PROVIDER = {one.provider: one for one in PRESETS}


def preset_of(provider: str) -> Preset:
    """Return what is known of a provider; of an unknown one what holds for all."""
    return _BY_PROVIDER.get(provider, _BY_PROVIDER["other"])


def endpoint_of(target: StorageTarget) -> str:
    """Return the address of a target's storage: its own, or its provider's for the region."""
    if target.endpoint:
        return target.endpoint.rstrip("/")
    form = preset_of(target.provider).endpoint_form
    return "" if "{account}" in form else form.format(region=target.region)


def check_endpoint(endpoint: str) -> None:
    """Raise StorageFailed for what is no http(s) address of a server, or one of the machine's own
    metadata. Loopback and private networks are fine: storages often stand beside us."""
    if not endpoint:
        return
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise StorageFailed.of("storage_address", "it must begin with https:// or http://")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # told when it is used
    if not all(may_connect(str(one[4][0]), allow_private=True) for one in found):
        raise StorageFailed.of("storage_address", parts.hostname)
