"""What an agent proposes about a customer and an officer approves: one module per matter."""
