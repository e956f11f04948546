"""How the starter model is made: a corpus generator, a tokenizer and a pretraining script."""
