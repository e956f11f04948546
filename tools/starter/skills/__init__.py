"""What the starter model can do; one module a skill, each with functions `(Random, Words) -> Sample`."""
