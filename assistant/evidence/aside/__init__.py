"""What is told beside the verdict and never decides it: what a model forgot by its training, and what it costs.

Not here: scores and the verdict (evidence/), what a run is expected to take (tools/).
"""
