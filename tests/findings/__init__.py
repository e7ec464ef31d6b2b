"""Plans that get findings, one case a file; README.md shows how to write one."""
