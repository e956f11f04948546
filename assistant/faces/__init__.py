"""How people and programs reach Attune: the browser, the command line, /v1. Faces show state and call stages.

Here: what people and programs see. Not here: decisions; those are in stages/ and guide/.
"""
