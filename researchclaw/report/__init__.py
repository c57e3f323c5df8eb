"""One self-contained HTML page about a run: `read_record` reads the run folder, `report` writes the page."""
