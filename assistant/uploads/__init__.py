"""What programs send in: files, whole or in parts, and the fine-tuning jobs and models that are made of them."""
