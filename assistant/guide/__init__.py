"""The agent: it talks, the stages do. It proposes what costs or changes something, and a person confirms."""
