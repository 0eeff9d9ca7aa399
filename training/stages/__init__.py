"""The steps of a recipe; each writes its own folder in the run and can be resumed by itself."""
