"""Language models over HTTP: one question in, one answer out that is valid against its contract.

From the outside in: `HttpModel` (a question, its prompt, its answer, its repair), `Chain` (which model is asked next),
`Caller` (attempts, pauses, turns, money for one model), a dialect (`OpenAIChat`, `AnthropicMessages`: bodies and streams),
and `Wire`, the one place that speaks HTTP.
"""
