"""Published numbers derived again, on this installation, from the tables that were published with them."""
