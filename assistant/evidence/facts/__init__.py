"""What an answer says: numbers, codes, dates and names, and how much of the approved answer outside its frame.

Not here: how it is shaped (form), which passages were found (knowledge).
"""
