"""The answers of an evaluation on the table: row by row beside each other, marked by people, voted on blind, judged.

Here: rows, their order, what marks and votes say. Not here: how answers are measured (proof.py), pages that show them.
"""
