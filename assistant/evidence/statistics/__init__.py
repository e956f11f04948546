"""What paired scores show: intervals, tests by cluster, one against several, power.

Not here: what a score is (scorers), what is concluded (verdict.py).
"""
