"""Who thinks of the next change: rules, a language model, a person, a command. All answer the same question, and all that
they say goes through the same door."""
