"""What people said of the answers of an evaluation: marks of single answers, blind votes between two.

Not here: labels of answers in the chat (conversations.py), what is made of opinions (evidence/answers/).
"""
