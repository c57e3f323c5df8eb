"""The rule-based analysts: each looks for facts of one kind and says a sentence only where its fact holds."""
