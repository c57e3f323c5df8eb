"""Coding agents that are already signed in, spoken to over the Agent Client Protocol (version 1) on their standard streams.

From the outside in: `AcpDialect` (a question as one prompt of a fresh session), `Crew` (which process takes it), `AgentProcess`
(start, handshake, end), `Peer` (JSON-RPC, a line for each message), and `keeper.py`, the process that lets no agent outlive us.
`agents.py` knows the commands of the usual agents and how their tools are taken away.
"""
