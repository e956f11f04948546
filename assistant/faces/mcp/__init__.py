"""The verbs of Attune for coding agents, over the Model Context Protocol.

Here: verbs that call stages and the guide's tools. Not here: confirming; a person does that elsewhere.
"""
