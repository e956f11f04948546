"""What holds records: bytes in an encoding, JSON, tables, Parquet, archives and folders.

Here: a file to records with their places. Not here: what a record says (rows/, exports/).
"""
