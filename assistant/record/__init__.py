"""What happened: one SQLite file, every statement in one module, plain types that import nothing of ours."""
