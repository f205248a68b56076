"""What goes into a support bundle."""

from pathlib import Path

import pytest

from streamstead.core.paths import DataDir
from streamstead.core.settings import Settings
from streamstead.mgmt.logs import bundle_parts


def test_a_link_that_a_service_made_of_a_configuration_is_not_followed(
    data: DataDir, tmp_path: Path
) -> None:
    settings = Settings.model_construct(data_dir=data.root)
    secret = tmp_path / "of-root"
    secret.mkdir()
    (secret / "a.conf").write_text("x")
    folder = data.config / "engine"
    folder.mkdir()
    (folder / "a.conf").write_text("listen 1;")
    [found] = bundle_parts.configurations(settings)
    assert bundle_parts.configuration(settings, found) == "listen 1;"
    (folder / "a.conf").unlink()
    (folder / "a.conf").symlink_to(secret / "a.conf")
    with pytest.raises(OSError, match="symbolic links"):
        bundle_parts.configuration(settings, found)
    (folder / "a.conf").unlink()
    folder.rmdir()
    folder.symlink_to(secret)
    with pytest.raises(OSError, match="not where it was"):
        bundle_parts.configuration(settings, found)
