"""The command line, a module for each group of commands; each registers its commands with the program when it is imported.

Heavy parts are imported where they are used: help must come at once.
"""
# ruff: noqa: I001 (the order of the imports is the order of the commands in --help)

from researchclaw.cli import running, deciding, showing, laboratory, project_server, worker
from researchclaw.cli.program import main

__all__ = ["deciding", "laboratory", "main", "project_server", "running", "showing", "worker"]
