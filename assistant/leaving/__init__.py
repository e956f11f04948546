"""Taking things elsewhere: exports, the Hub, and hosted work brought back to open weights.

Here: what leaves Attune as a folder, a file or a repository. Not here: hosted deployments (hosting.py).
"""
