"""How people and programs reach Attune: the browser, the command line, /v1. Faces show state and call stages."""
