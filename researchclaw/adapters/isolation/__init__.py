"""Where untrusted code runs: bubblewrap, and, only when the settings allow it, a plain process."""
