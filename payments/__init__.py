"""What moves for the customers: payment references, and what the exchange reports about them."""
