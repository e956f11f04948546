"""How people and programs reach Attune: the browser, the command line. Faces show state and call stages."""
