"""Redis: unix socket only, password, append-only file."""

from pathlib import Path

from ..runtime.spec import ConfigFile, HealthCheck, Mount, RedisProbe, ServiceSpec
from .common import Plan, render

MEMORY_MB = 256


def config_dir(plan: Plan) -> Path:
    return plan.data.config / "redis"


def socket_dir(plan: Plan) -> Path:
    """The socket has a directory of its own: a container gets that, not the manager's socket."""
    return plan.data.run / "redis"


def redis_spec(plan: Plan) -> ServiceSpec:
    password = plan.settings.redis_password.get_secret_value()
    conf = config_dir(plan) / "redis.conf"
    socket = socket_dir(plan) / "redis.sock"
    text = render(
        "redis/redis.conf.j2",
        socket=socket,
        dir=plan.data.redis,
        password=password,
        max_memory_mb=MEMORY_MB,
    )
    return ServiceSpec(
        name="redis",
        argv=("redis-server", str(conf)),
        image=plan.settings.redis_image,
        order=1,
        health=HealthCheck(RedisProbe(socket, password), every_s=5, fail_s=15, start_s=60),
        files=(ConfigFile(conf, text),),
        mounts=(
            Mount(conf.parent),
            Mount(socket.parent, writable=True),
            Mount(plan.data.redis, writable=True),
        ),
        # Rewriting the append-only file needs a copy of the memory for a moment.
        memory_mb=MEMORY_MB * 2 + 128,
        pids=32,
        stop_grace_s=15,
    )
