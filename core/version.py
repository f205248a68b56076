"""The version of what is installed, in the one place that knows it."""

from importlib.metadata import version

VERSION = version("streamstead")
