"""The certificate: proof that what is served is what was trained.

Here: hashes of every part, token ids of every held-out turn, greedy answers, whether it still holds, the lockfile.
Not here: repeating a run (jobs/reproduction.py), reading the files (tools/engine/).
"""
