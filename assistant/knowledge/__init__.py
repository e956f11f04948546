"""What answers may draw on: documents, their chunks, the retriever, shots, and the prompt made of them."""
