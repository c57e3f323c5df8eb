"""The command line, a module for each group of commands; each registers its commands with the program when it is imported.

Heavy parts are imported where they are used: help must come at once.
"""
# ruff: noqa: I001 (the order of the imports is the order of the commands in --help)

from researchclaw.cli import running, deciding, showing, laboratory, looping, project_server, worker, setting_up
from researchclaw.cli.program import main

__all__ = ["deciding", "laboratory", "looping", "main", "project_server", "running", "setting_up", "showing", "worker"]
