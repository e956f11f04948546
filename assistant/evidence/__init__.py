"""What was proved: answers of every variant to held-out conversations, scored, paired, and judged."""
