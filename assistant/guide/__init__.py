"""The agent: it talks, the stages do. It proposes what costs or changes something, and a person confirms.

Here: what the guide says and proposes. Not here: what is done once a person confirms (stages/).
"""
