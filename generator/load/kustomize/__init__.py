"""Build kustomizations from a copy that holds only what was judged, with no network and no other program."""

from generator.load.kustomize.builder import build
from generator.load.kustomize.job import Build, file_in

__all__ = ["Build", "build", "file_in"]
