"""What owners hold of goods: catalogues, and what became of codes; rules are renewed with them."""
