"""The frame around all experiments: the page, its look, its addresses, the first page and the list of models."""
